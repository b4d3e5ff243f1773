// The laboratory's controls, and the link that carries them. A control's limits come from Python.

import { element } from "./dom.js";

const MARK = "lab"; // the hash of a link is #lab&noise=2000&...; any other hash is not ours

/** A control's first value: some depend on the optimiser. */
const first = ({ initial, initials }, optimiser) =>
  initials && Object.hasOwn(initials, optimiser) ? initials[optimiser] : initial;

/** A value brought within its control's limits, or `initial`, and a note when that changed it. */
function clamp(control, given, initial) {
  const { label, low, high, whole, choices } = control;
  if (choices) {
    if (Object.hasOwn(choices, given)) return { value: given };
    const allowed = Object.keys(choices).join(", ");
    return { value: initial, note: `${label} must be one of ${allowed}: “${given}” became ${initial}.` };
  }
  const number = given === "" ? NaN : Number(given);
  if (!Number.isFinite(number)) {
    return { value: initial, note: `${label} must be a number: “${given}” became ${initial}.` };
  }
  const inside = Math.min(Math.max(number, low), high);
  const value = whole ? Math.round(inside) : inside;
  if (value === number) return { value };
  const kind = whole ? "a whole number" : "a number";
  return { value, note: `${label} must be ${kind} from ${low} to ${high}: ${given} became ${value}.` };
}

/** All settings, from what is given of them, with the notes of what had to be changed. */
export function complete(controls, given) {
  const [settings, notes] = [{}, []];
  for (const control of controls) {
    const initial = first(control, given.optimiser);
    const { value, note } = clamp(control, given[control.name] ?? initial, initial);
    settings[control.name] = value;
    if (note) notes.push(note);
  }
  return { settings, notes };
}

/** Settings of which one has changed; with the optimiser, all that depends on it begins anew. */
export function changed(controls, settings, name, value) {
  const next = { ...settings, [name]: value };
  if (name === "optimiser") for (const control of controls) if (control.initials) delete next[control.name];
  return complete(controls, next).settings;
}

/** Whether two settings differ in what is drawn alone, so that the run may go on. */
export const sameRun = (controls, one, other) => controls.every(({ name, view }) => view || one[name] === other[name]);

export function writeHash(settings) {
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return `#${[MARK, ...pairs].join("&")}`;
}

/** Settings from a link's hash with notes on what was wrong in it; null if the hash is not ours. */
export function readHash(controls, hash) {
  const [mark, ...pairs] = hash.replace(/^#/, "").split("&");
  if (mark !== MARK) return null;
  const [given, notes] = [{}, []];
  for (const pair of pairs) {
    const [name, value, ...rest] = pair.split("=");
    if (value === undefined || rest.length > 0 || !controls.some((c) => c.name === name)) {
      notes.push(`The link's part “${pair}” is no setting and was left out.`);
    } else {
      given[name] = value;
    }
  }
  const completed = complete(controls, given);
  return { settings: completed.settings, notes: [...notes, ...completed.notes] };
}

/**
 * The controls in their groups. `onChange(name, value, note)` hears a checked value;
 * `show(settings)` sets all of them.
 */
export function buildControls(controls, onChange) {
  const inputs = {};
  let optimiser;
  const groups = new Map();
  for (const control of controls) {
    const { name, label, group, low, high, choices, note } = control;
    const input = choices
      ? element("select", {}, ...Object.entries(choices).map(([value, text]) => element("option", { value }, text)))
      : element("input", { type: "number", inputmode: "decimal", min: low, max: high, step: "any" });
    input.name = name;
    input.addEventListener("change", () => {
      const { value, note } = clamp(control, input.value, first(control, optimiser));
      input.value = value;
      onChange(name, value, note);
    });
    inputs[name] = input;
    if (!groups.has(group)) groups.set(group, []);
    const box = element("div", {}, element("label", { class: "wd-control" }, element("span", {}, label), input));
    if (note) {
      const id = `wd-${Math.random().toString(36).slice(2)}`; // a page may hold two laboratories
      input.setAttribute("aria-describedby", id);
      box.append(element("p", { class: "wd-note", id }, note));
    }
    groups.get(group).push(box);
  }
  const fieldsets = [...groups].map(([group, boxes]) =>
    element("fieldset", { class: "wd-group" }, element("legend", {}, group), ...boxes),
  );
  return {
    fieldsets,
    show(settings) {
      optimiser = settings.optimiser;
      for (const [name, input] of Object.entries(inputs)) input.value = settings[name];
    },
  };
}
