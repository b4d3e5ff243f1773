// Small helpers for building a widget's page elements.

const CONTROLS = "button, input, select, [tabindex]";

/** An element with attributes and children; an attribute that is false or null is left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
  // Else JupyterLab takes a control's arrows and Enter for itself.
  if (made.matches(CONTROLS)) made.dataset.lmSuppressShortcuts = "";
  made.append(...children);
  return made;
}

/** A titled part of a widget. */
export const panel = (title, ...content) =>
  element("div", { class: "wd-panel" }, element("div", { class: "wd-title" }, title), ...content);

/** A select with its label; `options`: [[value, text], ...]. */
export function choice(label, options) {
  const parts = options.map(([value, text]) => element("option", { value }, text));
  const select = element("select", {}, ...parts);
  return { select, label: element("label", {}, label, select) };
}

/** A range slider with its label and a place for its value in words. */
export function dial(label, low, high, step, value, onInput) {
  const input = element("input", { type: "range", class: "wd-slider", min: low, max: high, step, value });
  const output = element("output", { class: "wd-number" });
  input.addEventListener("input", () => onInput(Number(input.value)));
  const say = (text) => {
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  return { input, say, row: element("label", { class: "wd-dialrow" }, element("span", {}, label), input, output) };
}

/**
 * A table with a heading row, in a box that scrolls where it is wider than the page. `fill(rows)`
 * sets its body, the first cell of a row names it; `title(text)` sets its caption.
 */
export function makeTable(label, heads) {
  const body = element("tbody");
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const caption = element("caption", {}, label);
  const table = element("table", { class: "wd-table" }, caption, element("thead", {}, head), body);
  const box = element("div", { class: "wd-scroll", tabindex: 0, role: "group", "aria-label": label }, table);
  const fill = (rows) =>
    body.replaceChildren(
      ...rows.map(([name, ...cells]) =>
        element(
          "tr",
          {},
          element("th", { scope: "row" }, ...[name].flat()),
          ...cells.map((cell) => element("td", {}, cell)),
        ),
      ),
    );
  return { box, fill, title: (text) => (caption.textContent = text) };
}

/** Colours of up to four networks, in this order. */
export const COLOURS = ["fa", "noise", "bp", "quiet"];

/** Dashes of the lines in these colours, told apart without colour, as in the book's figures; the others are whole. */
export const DASHES = { bp: [6, 4], noisebp: [6, 4], quiet: [7, 3, 2, 3] };

/** A line's colour beside its name; `colour` is one of COLOURS. */
export const named = (colour, name) => [element("span", { class: `wd-key wd-key-${colour}` }), name];

/** The sentence that says how things stand; while they play, it interrupts no screen reader. */
export function makeStatus() {
  const line = element("p", { class: "wd-status" });
  const say = (text, playing = false) => {
    line.setAttribute("aria-live", playing ? "off" : "polite");
    line.textContent = text;
  };
  return { line, say };
}

/** Where the numbers come from, if the widget was told: an element, or none. */
export const sourceLine = (model) =>
  model.get("source") ? [element("p", { class: "wd-note" }, model.get("source"))] : [];

/** A whole number with thousands separators. */
export const whole = (value) => Math.round(value).toLocaleString("en-US");

/** Whether the reader asks for little motion. */
export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const system = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark: the book's switch says so, else Jupyter's theme, else the system. */
function isDark() {
  const book = document.documentElement.dataset.theme;
  const jupyter = document.body.dataset.jpThemeLight;
  if (book) return book === "dark";
  return jupyter ? jupyter === "false" : system.matches;
}

/** Calls back when the page's theme changes, until the signal aborts. */
export function onThemeChange(callback, signal) {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  system.addEventListener("change", callback, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** Makes `el` a widget's box in the page's theme; the controller returned ends the widget. */
export function openWidget(el, ...classes) {
  const closing = new AbortController();
  const follow = () => el.classList.toggle("wd-dark", isDark());
  el.classList.add("wd-widget", ...classes);
  follow();
  onThemeChange(follow, closing.signal);
  return closing;
}
