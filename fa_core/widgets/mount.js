// Gives a widget its state on a page without a kernel: the part of anywidget's model that the
// modules use, and nothing more.

function reviveBytes(key, value) {
  if (typeof value?.base64 !== "string") return value;
  const bytes = Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
  return new DataView(bytes.buffer); // the form in which anywidget hands bytes over
}

function makeModel(state) {
  const listeners = new Map();
  return {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    },
    off(event, listener) {
      listeners.set(event, (listeners.get(event) ?? []).filter((other) => other !== listener));
    },
    save_changes() {}, // there is no kernel to tell
  };
}

/** Mounts the first widget of this key that is not mounted yet: a page may show one twice. */
export function mount(key, render) {
  const host = document.querySelector(`[data-wd-widget="${key}"]:not([data-wd-mounted])`);
  host.dataset.wdMounted = "";
  const fallback = host.querySelector(".wd-fallback");
  const box = document.createElement("div");
  try {
    const text = host.querySelector('script[type="application/json"]').textContent;
    const { css, state } = JSON.parse(text, reviveBytes);
    const style = document.createElement("style");
    style.textContent = css;
    document.head.append(style);
    host.append(box);
    render({ model: { ...makeModel(state), isPage: true }, el: box });
    fallback.remove();
  } catch (error) {
    box.remove();
    fallback.append(` It could not start: ${error.message}.`);
    throw error;
  }
}
