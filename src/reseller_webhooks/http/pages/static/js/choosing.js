// Fields that offer a few of many: a combobox that searches while somebody types (WAI-ARIA Authoring
// Practices, "Editable Combobox With List Autocomplete"). The select stays and is what the form sends.

const WAIT_MS = 150;

export function offerSearching() {
  for (const select of document.querySelectorAll("select[data-choices]")) enhance(select);
}

function enhance(select) {
  const finder = document.querySelector(`[data-finder="${select.id}"]`);
  const list = element("ul", { id: `${select.id}-list`, role: "listbox", hidden: "" });
  const status = element("span", { role: "status", class: "unseen" });
  const input = element("input", {
    id: `${select.id}-text`, type: "text", role: "combobox", autocomplete: "off",
    autocapitalize: "off", spellcheck: "false", "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": list.id,
  });
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  const label = document.querySelector(`label[for="${select.id}"]`);
  if (label) {
    label.htmlFor = input.id;
    label.id ||= `${select.id}-label`;
    list.setAttribute("aria-labelledby", label.id);
  }
  const box = element("div", { class: "combobox" });
  box.append(input, list, status);
  select.after(box);
  select.hidden = true;
  finder.remove();
  connect({ select, input, list, status, active: -1, asked: 0 });
}

function connect(field) {
  const { input, list } = field;
  let waits;
  reset(field);
  input.addEventListener("input", () => {
    clearTimeout(waits);
    waits = setTimeout(() => search(field), WAIT_MS);
  });
  input.addEventListener("keydown", (event) => press(field, event));
  input.addEventListener("click", () => { if (list.hidden) search(field, ""); });
  input.addEventListener("blur", () => {
    clearTimeout(waits);
    if (input.value.trim() === "") choose(field, "", field.select.options[0].text);
    reset(field);
  });
  // Before the input loses the focus.
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) pick(field, option);
  });
}

function press(field, event) {
  const { list, input } = field;
  const options = [...list.children];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (list.hidden) { search(field, "", true); return; }
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (options.length) activate(field, (field.active + step + options.length) % options.length);
  } else if (event.key === "Enter" && !list.hidden) {
    event.preventDefault();
    if (options[field.active]) pick(field, options[field.active]);
  } else if (event.key === "Escape") {
    if (!list.hidden) event.preventDefault();
    reset(field);
    input.select();
  }
}

async function search(field, text = field.input.value.trim(), takesFirst = text !== "") {
  const asked = ++field.asked;
  const url = new URL(field.select.dataset.choices, location);
  url.searchParams.set("search", text);
  try {
    const answer = await fetch(url);
    if (!answer.ok || answer.redirected) return;
    const found = await answer.json();
    if (asked === field.asked && document.activeElement === field.input) show(field, found, takesFirst);
  } catch {
    // The service is being restarted, perhaps; what was chosen stays.
  }
}

function show(field, { options, more }, takesFirst) {
  const { select, list, input, status } = field;
  list.replaceChildren(...options.map(({ value, label }, number) => {
    const option = element("li", { id: `${list.id}-${number}`, role: "option", "aria-selected": "false" });
    option.dataset.value = value;
    option.textContent = label;
    return option;
  }));
  list.hidden = options.length === 0;
  input.setAttribute("aria-expanded", String(!list.hidden));
  status.textContent = select.dataset.found.replace("{}", options.length + (more ? "+" : ""))
    + (more ? ` ${select.dataset.more}` : "");
  activate(field, options.length && takesFirst ? 0 : -1);
}

function activate(field, number) {
  const { list, input } = field;
  field.active = number;
  for (const [place, option] of [...list.children].entries()) {
    option.setAttribute("aria-selected", String(place === number));
  }
  const option = list.children[number];
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

function pick(field, option) {
  choose(field, option.dataset.value, option.textContent);
  reset(field);
}

function choose({ select }, value, label) {
  if (![...select.options].some((one) => one.value === value)) select.add(new Option(label, value));
  if (select.value === value) return;
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

// Closed, and telling what is chosen.
function reset(field) {
  const { select, input, list } = field;
  field.asked += 1;
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  const chosen = select.selectedOptions[0];
  input.value = chosen && chosen.value ? chosen.text : "";
  input.placeholder = select.options[0].text;
}

function element(name, attributes) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
