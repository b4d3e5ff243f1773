// Small helpers for building a widget's page elements.

/** An element with attributes and children; an attribute that is false or null is left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
  }
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

/** A line's colour beside its name; `colour` is fa, noise or bp. */
export const named = (colour, name) => [element("span", { class: `wd-key wd-key-${colour}` }), name];

/** A whole number with thousands separators. */
export const whole = (value) => Math.round(value).toLocaleString("en-US");

/** Whether the reader asks for little motion. */
export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Calls back when the page's theme changes, until the signal aborts. */
export function onThemeChange(callback, signal) {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", callback, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}
