// A form is sent once, however often its button is pressed.

export function sendOnce() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "yes";
      const button = event.submitter ?? form.querySelector("button:not([type=button])");
      tell(button, button.dataset.once ?? form.dataset.once);
    });
  }
  // A page that comes back from the browser's cache has its forms to send again.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

function tell(button, words) {
  button.setAttribute("aria-disabled", "true");
  if (words) button.lastChild.textContent = words;
}
