// Opens the payment company's window. This page's order id is for one window: another one needs another page.
const page = document.querySelector("[data-gate]");
const button = page.querySelector("[data-open]");
const { clientKey, orderId, orderName, amountWon, successPath, failPath, billPath } = page.dataset;
const CLOSED = ["USER_CANCEL", "PAY_PROCESS_CANCELED"];
// Their script comes after this one, so that a payer who waits for it reads what is going on.
const sdk = document.querySelector("[data-sdk]");
const theirs = new Promise((settled) => {
  sdk.addEventListener("load", settled);
  sdk.addEventListener("error", settled);
});
let opened = false;

function show(name, shown) {
  page.querySelector(`[data-${name}]`).hidden = !shown;
}

async function openWindow() {
  if (opened) {
    history.replaceState(null, "");
    location.reload();
    return;
  }
  opened = true;
  // Whoever comes back to this page with the browser's button is not led away again.
  history.replaceState({ opened }, "");
  show("opening", true);
  try {
    if (!window.TossPayments) await theirs;
    const payment = window.TossPayments(clientKey).payment({ customerKey: window.TossPayments.ANONYMOUS });
    await payment.requestPayment({
      method: "CARD",
      amount: { currency: "KRW", value: Number(amountWon) },
      orderId,
      orderName,
      successUrl: new URL(successPath, location.href).href,
      failUrl: new URL(failPath, location.href).href,
      windowTarget: "self",
    });
  } catch (error) {
    if (CLOSED.includes(error?.code)) {
      location.replace(billPath);
      return;
    }
    console.error("The payment window did not open:", error?.code ?? error);
    show("opening", false);
    show("trouble", true);
  }
}

button.addEventListener("click", openWindow);
button.hidden = false;
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
if (!history.state?.opened) openWindow();
