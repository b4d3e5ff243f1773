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
