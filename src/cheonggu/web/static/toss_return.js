// The payer has done their part, so the form goes by itself; its button is for browsers without script.
document.querySelector("[data-finish]").submit();
