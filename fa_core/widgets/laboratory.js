// The laboratory: the page's side. It shows what the worker reports and passes on what the reader
// asks; all training happens in the worker.

import { unpack } from "./arrays.js";
import { choice, element, openWidget, whole } from "./dom.js";
import { GUIDES } from "./guides.js";
import { angleColumn, buildCurves, buildWeights, Columns, degrees, LINES } from "./laboratory_figures.js";
import { buildLedger } from "./ledger_figure.js";
import { buildControls, changed, complete, readHash, sameRun, writeHash } from "./settings.js";
import { NO_WORKER, startWorker } from "./start_worker.js";
import workerText from "./laboratory_worker.js?text";

const button = (text, extra = "") => element("button", { type: "button", class: `wd-button ${extra}` }, text);
const heading = (text) => element("h3", {}, text);

function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function asCsv(rows) {
  const heads = Object.keys(rows[0]);
  return [heads, ...rows.map((row) => heads.map((head) => row[head]))].map((r) => `${r.join(",")}\n`).join("");
}

export function render({ model, el }) {
  const closing = openWidget(el, "wd-lab");
  const warning = element("p", { class: "wd-warning", role: "alert" });
  el.append(warning);
  let worker;
  try {
    worker = startWorker(workerText);
  } catch {
    warning.textContent = NO_WORKER;
    return () => closing.abort();
  }
  const controls = model.get("controls");
  const linked = model.isPage ? readHash(controls, location.hash) : null;
  let { settings, notes } = linked ?? { settings: { ...model.get("settings") }, notes: [] };
  let [columns, expected, playing, finished, now] = [new Columns(), 0, false, false, 0];

  const play = button("▶ Run", "wd-main");
  const oneStep = button("One step");
  const reset = button("Reset");
  const copy = button("Copy link", "wd-push");
  const save = button("Save CSV");
  const speed = choice("Speed", [["", "full"], [300, "300 steps/s"], [30, "30 steps/s"]]);
  const done = element("div");
  const progress = element("div", { class: "wd-progress", role: "progressbar", "aria-label": "Progress of the run", "aria-valuemin": 0 }, done);
  const [where, detail] = [element("span"), element("span")];
  const status = element("p", { class: "wd-status", "aria-live": "polite" });
  const advice = element("p", { class: "wd-advice", "aria-live": "polite" }, "Choose an experiment, or change the settings below and press Run.");
  const link = element("input", { type: "text", readonly: true, "aria-label": "Link to this run", hidden: true });
  // A line of its own: a run that goes on rewrites its status many times a second.
  const copied = element("p", { class: "wd-note", "aria-live": "polite" });
  const curves = buildCurves(closing.signal);
  const ledger = buildLedger(closing.signal);
  const weights = buildWeights(closing.signal);
  const network = choice("Network", LINES.map(({ name, text }) => [name, text(settings)]));
  const layer = choice("Layer", []);
  const inputs = buildControls(controls, (name, value, note) => change(changed(controls, settings, name, value), note ? [note] : []));
  const guides = GUIDES.map((guide) => {
    const chosen = button(guide.title);
    chosen.setAttribute("aria-pressed", "false");
    chosen.addEventListener("click", () => {
      change(complete(controls, guide.settings).settings, [], true);
      chosen.setAttribute("aria-pressed", "true");
      advice.textContent = guide.text;
      setPlaying(true);
    });
    return chosen;
  });

  function setPlaying(wanted) {
    playing = wanted;
    play.textContent = playing ? "❚❚ Pause" : "▶ Run";
    if (playing) status.textContent = "Running.";
    worker.postMessage({ play: playing });
  }

  /** Takes new settings; link and traits follow. The run starts over where they concern it, or if it is to. */
  function change(next, nextNotes, startOver = false) {
    const goesOn = !startOver && sameRun(controls, settings, next);
    [settings, notes] = [next, nextNotes];
    for (const guide of guides) guide.setAttribute("aria-pressed", "false");
    if (model.isPage) {
      history.replaceState(null, "", writeHash(settings));
    } else {
      model.set("settings", settings);
      model.save_changes();
    }
    if (goesOn) showAgain();
    else restart();
  }

  /** Shows the settings, and the same run under them. */
  function showAgain() {
    inputs.show(settings);
    warning.textContent = notes.join(" ");
    look();
  }

  /** Takes the settings that Python has set. */
  function follow() {
    const next = model.get("settings");
    if (writeHash(next) === writeHash(settings)) return;
    const goesOn = sameRun(controls, settings, next);
    settings = { ...next };
    if (goesOn) showAgain();
    else restart();
  }

  function restart() {
    columns = new Columns();
    expected += 1;
    finished = false;
    LINES.forEach(({ text }, i) => (network.select.options[i].textContent = text(settings)));
    const layers = Array.from({ length: settings.depth - 1 }, (_, l) => l + 2);
    if (layer.select.length !== layers.length) {
      layer.select.replaceChildren(...layers.map((l) => element("option", { value: l }, `W${l} and B${l}`)));
      layer.select.value = settings.depth; // the readout layer
    }
    status.textContent = "";
    worker.postMessage({ start: settings });
    showAgain();
    setPlaying(false);
  }

  function look() {
    worker.postMessage({ look: { network: network.select.value, layer: Number(layer.select.value) } });
    drawCurves();
  }

  function drawCurves() {
    curves.update(columns, settings, Number(layer.select.value));
    ledger.update(columns, settings, network.select.value, Number(layer.select.value));
  }

  function showPlace() {
    const { noise, data } = settings;
    progress.setAttribute("aria-valuemax", noise + data);
    progress.setAttribute("aria-valuenow", noise + now);
    done.style.width = `${(100 * (noise + now)) / (noise + data)}%`;
    where.textContent =
      now < 0 ? `Noise step ${whole(noise + now)} of ${whole(noise)}` : `Data step ${whole(now)} of ${whole(data)}`;
    detail.textContent = now < 0 ? "FA and BP wait for the data" : `after ${whole(noise)} noise steps`;
  }

  /** Says in words how things stand, and hands the curves to Python. */
  function settle() {
    const parts = LINES.map((line) => [line.text(settings), columns.latest(line.name)])
      .filter(([, row]) => row)
      .map(([text, row]) => `${text}: angle ${degrees(row[angleColumn(settings, layer.select.value)])}, accuracy ${(100 * row.accuracy).toFixed(1)} %`);
    const state = finished ? "Finished" : now === -settings.noise ? "Ready" : "Paused";
    status.textContent = `${state}. ${where.textContent}. ${parts.join("; ")}.`;
    model.set("records", columns.rows);
    model.save_changes();
  }

  worker.onmessage = ({ data: answer }) => {
    if (answer.run !== expected) return; // late words of a run already abandoned
    if (answer.failed) {
      setPlaying(false);
      warning.textContent = `The run stopped: ${answer.failed}. A smaller learning rate helps.`;
      return;
    }
    for (const row of answer.rows) columns.add(row);
    if (answer.rows.length > 0) drawCurves();
    if (!answer.view) return;
    now = answer.view.step;
    weights.update(answer.view, Number(layer.select.value));
    showPlace();
    finished = answer.done;
    play.disabled = oneStep.disabled = finished;
    if (finished && playing) setPlaying(false);
    if (!playing && !answer.playing && columns.rows.length > 0) settle();
  };
  worker.onerror = (event) => {
    warning.textContent = `The laboratory's worker failed: ${event.message ?? "it could not start"}.`;
  };

  play.addEventListener("click", () => setPlaying(!playing));
  oneStep.addEventListener("click", () => {
    if (playing) setPlaying(false);
    worker.postMessage({ step: true });
  });
  reset.addEventListener("click", restart);
  speed.select.addEventListener("change", () => worker.postMessage({ speed: Number(speed.select.value) || null }));
  network.select.addEventListener("change", look);
  layer.select.addEventListener("change", look);
  save.addEventListener("click", () => columns.rows.length > 0 && download("laboratory.csv", asCsv(columns.rows)));
  copy.addEventListener("click", async () => {
    link.value = new URL(writeHash(settings), location.href).href;
    try {
      await navigator.clipboard.writeText(link.value);
      copied.textContent = "The link is copied: it opens this page with these settings.";
    } catch {
      link.hidden = false;
      link.select();
      copied.textContent = "The browser does not let the page copy: the link stands selected below.";
    }
  });
  if (model.isPage) {
    addEventListener("hashchange", () => {
      const next = readHash(controls, location.hash);
      if (next) change(next.settings, next.notes);
    }, { signal: closing.signal });
  } else {
    copy.hidden = true;
    model.on("change:settings", follow);
    closing.signal.addEventListener("abort", () => model.off("change:settings", follow));
  }

  network.select.value = "noise";
  el.append(
    element("section", {}, heading("Try this"), element("div", { class: "wd-guides" }, ...guides), advice),
    element(
      "section",
      {},
      element("div", { class: "wd-bar" }, play, oneStep, reset, speed.label, copy, save),
      link,
      copied,
    ),
    element("div", {}, progress, element("div", { class: "wd-where" }, where, detail)),
    curves.curves,
    status,
    curves.table,
    element("div", { class: "wd-bar" }, heading("Ledger and weights"), network.label, layer.label),
    ledger.box,
    weights.box,
    element("section", {}, heading("Settings"), element("div", { class: "wd-groups" }, ...inputs.fieldsets)),
  );
  worker.postMessage({
    rules: model.get("rules"),
    data: {
      images: unpack(model.get("images")),
      labels: unpack(model.get("labels")),
      trainSize: model.get("train_size"),
      classes: 10,
    },
  });
  restart();
  return () => {
    worker.terminate();
    closing.abort();
  };
}

export default { render };
