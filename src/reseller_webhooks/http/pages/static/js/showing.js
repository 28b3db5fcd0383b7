// Buttons that show what is typed into a password field.

export function offerShowing() {
  for (const button of document.querySelectorAll("[data-shows]")) {
    const field = document.getElementById(button.dataset.shows);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    });
    // So that no browser keeps it among the words it offers.
    field.form.addEventListener("submit", () => { field.type = "password"; });
  }
}
