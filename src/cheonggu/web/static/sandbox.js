/* Live news for the sandbox's page. The server draws it all; this asks for the page again when something has
   changed, and takes over what differs, so that focus, scroll, open details and typed text stay. */

const GAP_MS = 300;
const RETRY_MS = 3000;

const live = document.querySelector("[data-live]");
const lost = document.querySelector("[data-lost]");
const reload = document.querySelector("[data-reload]");

/* ---- Taking over what differs ---- */

const keyOf = (node) => (node.nodeType === 1 ? node.dataset.key || node.id : "");

const alike = (one, other) =>
  one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

function takeAttributes(mine, theirs) {
  for (const { name, value } of theirs.attributes) {
    if (name === "open" || (name === "value" && mine.type !== "hidden" && mine.nodeName === "INPUT")) continue;
    if (mine.getAttribute(name) !== value) mine.setAttribute(name, value);
  }
  for (const { name } of [...mine.attributes]) {
    if (name === "open" || name === "value" || name === "data-new") continue;
    if (!theirs.hasAttribute(name)) mine.removeAttribute(name);
  }
}

function take(mine, theirs) {
  if (mine.isEqualNode(theirs)) return;
  if (mine.nodeType !== 1) {
    mine.nodeValue = theirs.nodeValue;
    return;
  }
  takeAttributes(mine, theirs);
  if (mine.nodeName !== "TEXTAREA") takeChildren(mine, theirs);
}

/* What was just said stays until one goes elsewhere. */
const past = (node) => (node?.nodeType === 1 && "said" in node.dataset ? past(node.nextSibling) : node);

function takeChildren(mine, theirs) {
  const keyed = new Map([...mine.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = past(mine.firstChild);
  for (const wanted of [...theirs.childNodes]) {
    const known = keyed.get(keyOf(wanted));
    if (known && alike(known, wanted)) {
      if (known === at) at = past(at.nextSibling);
      else mine.insertBefore(known, at);
      take(known, wanted);
    } else if (at && !keyOf(at) && !keyOf(wanted) && alike(at, wanted)) {
      const next = past(at.nextSibling);
      take(at, wanted);
      at = next;
    } else {
      mine.insertBefore(wanted, at);
    }
  }
  while (at) {
    const next = past(at.nextSibling);
    at.remove();
    at = next;
  }
}

/* ---- New messages are said politely, and slide in ---- */

const messageKeys = () => new Set([...document.querySelectorAll("[data-message]")].map(keyOf));

function announce(before) {
  const fresh = [...document.querySelectorAll("[data-message]")].filter((one) => !before.has(keyOf(one)));
  if (!fresh.length) return;
  for (const one of fresh) one.dataset.new = "";
  const place = document.querySelector("[data-announce]");
  place.textContent = `${place.dataset.word}: ${fresh.at(-1).dataset.message}`;
}

/* ---- Asking for the page again ---- */

const regionsOf = (doc) => [...doc.querySelectorAll("[data-region]")].map((one) => one.dataset.region).join();

async function refresh(regions) {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = messageKeys();
  const focused = document.activeElement;
  const around = focused?.closest("[data-region]");
  const places = regions && regionsOf(document) === regionsOf(fresh)
    ? [...regions].map((name) => `[data-region="${name}"]`)
    : ["main"];
  for (const place of places) {
    const mine = document.querySelector(place);
    const theirs = fresh.querySelector(place);
    if (mine && theirs) take(mine, theirs);
  }
  tick();
  announce(before);
  if (!focused.isConnected && around?.isConnected) {
    around.tabIndex = -1;
    around.focus({ preventScroll: true });
  }
}

let waiting = null;
let busy = false;

async function want(regions) {
  waiting = waiting === "all" || !regions ? "all" : new Set([...(waiting || []), ...regions]);
  if (busy) return;
  busy = true;
  while (waiting) {
    const now = waiting === "all" ? null : waiting;
    waiting = null;
    await refresh(now).catch(() => {});
    await new Promise((done) => setTimeout(done, GAP_MS));
  }
  busy = false;
}

/* ---- Business time ticks on ---- */

const inSeoul = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Seoul", timeStyle: "medium" });
const drawnAt = new WeakMap();

function tick() {
  for (const one of document.querySelectorAll("[data-clock]")) {
    const drawn = drawnAt.get(one);
    if (drawn?.said !== one.dataset.clock) drawnAt.set(one, { said: one.dataset.clock, at: Date.now() });
    const now = Number(one.dataset.clock) + Date.now() - drawnAt.get(one).at;
    one.textContent = inSeoul.format(now).slice(0, one.dataset.short === undefined ? 8 : 5);
  }
}

setInterval(tick, 1000);

/* ---- Hearing of it ---- */

function hear(state) {
  live.hidden = state !== "live";
  lost.hidden = state !== "lost";
  reload.hidden = state === "live";
}

/* A page that was sent by a form cannot be asked for again by its address. */
const fixed = document.querySelector("[aria-invalid], [role=alert], [data-fixed]") !== null;
let source = null;

function connect() {
  if (source || fixed || document.hidden) return;
  source = new EventSource(`/sandbox/events${location.search}`);
  source.addEventListener("here", () => {
    hear("live");
    want(null);
  });
  source.addEventListener("changed", (event) => {
    hear("live");
    want(event.data.split(" "));
  });
  source.addEventListener("away", () => hear("lost"));
  source.addEventListener("error", () => {
    hear("lost");
    if (source?.readyState !== EventSource.CLOSED) return;
    disconnect();
    setTimeout(connect, RETRY_MS);
  });
}

function disconnect() {
  source?.close();
  source = null;
}

/* A browser has few connections for one site: a page that nobody sees gives its own back. */
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);

/* What was just done is said once: not again after a reload. */
if (document.querySelector("[data-said]")) {
  const address = new URL(location.href);
  address.searchParams.delete("said");
  address.searchParams.delete("code");
  history.replaceState(null, "", address);
}

connect();
