// Buttons that copy the text of another element.

const TOLD_MS = 2_000;

export function offerCopying() {
  if (!navigator.clipboard) return; // only on https and localhost
  for (const button of document.querySelectorAll("[data-copies]")) {
    const source = document.getElementById(button.dataset.copies);
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      tell(button);
    });
  }
}

function tell(button) {
  const label = button.lastChild;
  const said = label.textContent;
  const { copied } = document.body.dataset;
  if (said === copied) return;
  label.textContent = copied;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => { label.textContent = said; }, TOLD_MS);
}
