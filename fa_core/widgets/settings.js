// The laboratory's settings: their limits, which come from Python, the scale of their sliders, and
// the links that carry them.

const MARK = "lab"; // a link's hash is #lab&noise=2000&... or #preset=name; any other is not ours
const PRESET = "preset=";
const POSITIONS = 120; // of a slider on a logarithmic scale
const EVEN = 200; // of one on an even scale, where the value need not be whole

/** A control's first value: some depend on the optimiser. */
export const first = ({ initial, initials }, optimiser) =>
  initials && Object.hasOwn(initials, optimiser) ? initials[optimiser] : initial;

/** A value brought within its control's limits, or `initial`, and a note when that changed it. */
export function clamp(control, given, initial) {
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

/**
 * A number's slider: its ends, and the place of a value and the value of a place. A logarithmic
 * scale starts at `log`; where `low` lies below that, 0 say, it is the place at the left end.
 */
export function scaleOf({ low, high, log, whole }) {
  if (!log) {
    const step = whole ? 1 : (high - low) / EVEN;
    return { low, high, step, place: (value) => value, value: (place) => +place.toPrecision(12) };
  }
  const origin = low < log ? 1 : 0;
  const decades = Math.log(high / log) / (POSITIONS - origin);
  return {
    low: 0,
    high: POSITIONS,
    step: 1,
    place: (value) => (value < log ? 0 : origin + Math.log(value / log) / decades),
    value(place) {
      if (place < origin) return low;
      const exact = log * Math.exp((place - origin) * decades);
      return whole && exact < 10 ? Math.round(exact) : +exact.toPrecision(2);
    },
  };
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

/** Controls that differ between two settings and concern the run, not what is drawn of it alone. */
export const differences = (controls, one, other) =>
  controls.filter(({ name, view }) => !view && one[name] !== other[name]);

export function writeHash(settings) {
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return `#${[MARK, ...pairs].join("&")}`;
}

export const presetHash = (key) => `#${PRESET}${key}`;

/**
 * Settings from a link's hash with notes on what was wrong in it, and the preset among `presets`
 * that it names; null if the hash is not ours.
 */
export function readHash(controls, presets, hash) {
  const text = hash.replace(/^#/, "");
  if (text.startsWith(PRESET)) {
    const key = text.slice(PRESET.length);
    const preset = presets.find((one) => one.key === key);
    const notes = preset ? [] : [`There is no experiment “${key}”; these are the first settings.`];
    return { settings: complete(controls, preset?.settings ?? {}).settings, notes, preset };
  }
  const [mark, ...pairs] = text.split("&");
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
