// The laboratory: the page's side. It shows what the worker reports and passes on what the reader
// asks; all training happens in the worker.

import { unpack } from "./arrays.js";
import { buildControls } from "./controls.js";
import { makeCrosshair } from "./crosshair.js";
import { choice, element, openWidget, prefersStillness } from "./dom.js";
import { GUIDES } from "./guides.js";
import { angleColumn, Columns, degrees, linesOf } from "./laboratory_columns.js";
import { buildCurves } from "./laboratory_curves.js";
import { button, buildKeeping, buildToolbar } from "./laboratory_toolbar.js";
import { buildViews } from "./laboratory_views.js";
import { buildLedger } from "./ledger_figure.js";
import { changed, complete, differences, presetHash, readHash, writeHash } from "./settings.js";
import { NO_WORKER, startWorker } from "./start_worker.js";
import workerText from "./laboratory_worker.js?text";

/** Calls back once `el` is in view: a page that is printed, or read elsewhere, trains nothing. */
function whenSeen(el, callback, signal) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    watch.disconnect();
    callback();
  });
  watch.observe(el);
  signal.addEventListener("abort", () => watch.disconnect());
}

const heading = (text) => element("h2", {}, text);

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
  const linked = model.isPage ? readHash(controls, GUIDES, location.hash) : null;
  let { settings, notes, preset = null } = linked ?? { settings: { ...model.get("settings") }, notes: [] };
  let [columns, others, ghost, shown] = [new Columns(), [], null, settings];
  let [expected, playing, finished, rested, now] = [0, false, false, false, 0];
  let unseen = false; // a run that is to be shown when it is over, for a reader who wants little motion

  const toolbar = buildToolbar();
  const { play, oneStep, speed } = toolbar;
  const status = element("p", { class: "wd-status", "aria-live": "polite" });
  const advice = element("p", { class: "wd-advice", "aria-live": "polite" });
  const crosshair = makeCrosshair(drawCurves, closing.signal);
  const curves = buildCurves(crosshair, closing.signal);
  const ledger = buildLedger(crosshair, closing.signal);
  const views = buildViews(closing.signal);
  const address = () => new URL(writeHash(settings), location.href).href;
  const keeping = buildKeeping(model.isPage ? address : null, () => columns.rows);
  const network = choice("Network", []);
  const layer = choice("Layer", []);
  const inputs = buildControls(controls, (name, value, note) => change(changed(controls, settings, name, value), note ? [note] : []));
  const guides = GUIDES.map((guide) => {
    const chosen = button(guide.title);
    chosen.addEventListener("click", () => begin(guide));
    return chosen;
  });

  function setPlaying(wanted) {
    playing = wanted;
    toolbar.showPlaying(playing);
    if (playing) status.textContent = "Running.";
    worker.postMessage({ play: playing });
  }

  /** Runs one of the experiments from its start. */
  function begin(guide) {
    change(complete(controls, guide.settings).settings, [], guide);
    setPlaying(true);
  }

  /** Takes new settings; link and traits follow. The run starts over where they concern it, or for a preset. */
  function change(next, nextNotes, guide = null) {
    const goesOn = !guide && differences(controls, settings, next).length === 0;
    [settings, notes] = [next, nextNotes];
    if (!goesOn) preset = guide;
    if (model.isPage) {
      history.replaceState(null, "", guide ? presetHash(guide.key) : writeHash(settings));
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
    worker.postMessage({ seeds: settings.seeds });
    others = others.slice(0, settings.seeds - 1);
    look();
  }

  /** Takes the settings that Python has set. */
  function follow() {
    const next = model.get("settings");
    if (writeHash(next) === writeHash(settings)) return;
    const goesOn = differences(controls, settings, next).length === 0;
    settings = { ...next };
    if (goesOn) return showAgain();
    preset = null;
    return restart();
  }

  function fillChoice({ select }, options, chosen) {
    const before = select.value;
    select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    select.value = options.some(([value]) => `${value}` === before) ? before : chosen;
  }

  function restart() {
    if (columns.begun) ghost = { columns, settings: shown };
    [columns, others, shown] = [new Columns(), [], settings];
    expected += 1;
    [finished, rested, unseen] = [false, false, false];
    fillChoice(network, linesOf(settings).map(({ name, text }) => [name, text(settings)]), "noise");
    const layers = Array.from({ length: settings.depth - 1 }, (_, l) => l + 2);
    if (layer.select.length !== layers.length) layer.select.replaceChildren();
    fillChoice(layer, layers.map((l) => [l, `W${l} and B${l}`]), settings.depth); // the readout layer
    guides.forEach((chosen, i) => chosen.setAttribute("aria-pressed", GUIDES[i] === preset));
    advise(preset ? preset.text : "Choose an experiment, or change a setting and press Run.");
    status.textContent = "";
    worker.postMessage({ start: settings, stop: preset?.stop ?? null });
    worker.postMessage({ speed: toolbar.stepsPerSecond(settings) });
    showAgain();
    setPlaying(false);
  }

  function advise(text) {
    advice.replaceChildren(...(preset?.chapter ? [element("strong", {}, `${preset.chapter}. `)] : []), text);
  }

  function look() {
    worker.postMessage({ look: { network: network.select.value, layer: Number(layer.select.value) } });
    drawCurves();
  }

  /** How the run before differed, in words. */
  function changes() {
    if (!ghost) return "";
    const different = differences(controls, ghost.settings, settings);
    return different.map(({ name, label }) => `“${label}” ${ghost.settings[name]}`).join(", ");
  }

  function drawCurves() {
    if (unseen) return;
    const picture = { columns, settings, layer: Number(layer.select.value), network: network.select.value, others, ghost };
    curves.update(picture, changes());
    ledger.update(picture);
  }

  /** Says in words how things stand, and hands the curves to Python. */
  function settle(place) {
    const column = angleColumn(settings, Number(layer.select.value));
    const parts = linesOf(settings)
      .map((line) => [line.text(settings), columns.at(line.name)])
      .filter(([, row]) => row)
      .map(([text, row]) => `${text}: angle ${degrees(row[column])}, accuracy ${(100 * row.accuracy).toFixed(1)} %`);
    const state = finished ? "Finished" : now === -settings.noise ? "Ready" : "Paused";
    status.textContent = `${state}. ${place}. ${parts.join("; ")}.`;
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
    if (answer.other !== undefined && answer.other >= settings.seeds - 1) return;
    const target = answer.other === undefined ? columns : (others[answer.other] ??= new Columns());
    for (const row of answer.rows) target.add(row);
    if (answer.rests) unseen = false;
    if (answer.rows.length > 0) drawCurves();
    if (!answer.view) return;
    now = answer.view.step;
    if (!unseen) views.update(answer.view, Number(layer.select.value));
    const place = toolbar.showPlace(settings, now);
    finished = answer.done;
    play.disabled = oneStep.disabled = finished;
    if (answer.rests && playing) {
      if (!finished && preset?.next) advise(preset.next);
      setPlaying(false);
    }
    if (!playing && !answer.playing && columns.rows.length > 0) settle(place);
  };
  worker.onerror = (event) => {
    warning.textContent = `The laboratory's worker failed: ${event.message ?? "it could not start"}.`;
  };

  play.addEventListener("click", () => {
    unseen = false;
    setPlaying(!playing);
  });
  oneStep.addEventListener("click", () => {
    unseen = false;
    if (playing) setPlaying(false);
    worker.postMessage({ step: true });
  });
  toolbar.reset.addEventListener("click", restart);
  speed.addEventListener("change", () => worker.postMessage({ speed: toolbar.stepsPerSecond(settings) }));
  network.select.addEventListener("change", look);
  layer.select.addEventListener("change", look);
  if (model.isPage) {
    addEventListener("hashchange", () => {
      const next = readHash(controls, GUIDES, location.hash);
      if (next?.preset) begin(next.preset);
      else if (next) change(next.settings, next.notes);
    }, { signal: closing.signal });
  } else {
    model.on("change:settings", follow);
    closing.signal.addEventListener("abort", () => model.off("change:settings", follow));
  }

  const side = element(
    "div",
    { class: "wd-side" },
    element("div", { class: "wd-try" }, heading("Try this"), element("div", { class: "wd-guides" }, ...guides)),
    element("div", { class: "wd-settings" }, heading("Settings"), ...inputs.groups),
  );
  const results = element(
    "div",
    { class: "wd-results" },
    advice,
    curves.box,
    element("div", { class: "wd-bar" }, heading("One network"), network.label, layer.label),
    views.box,
    status,
    curves.table,
    ledger.box,
    keeping,
  );
  el.append(element("div", { class: "wd-run" }, ...toolbar.parts, warning), element("div", { class: "wd-bench" }, side, results));
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
  if (model.isPage && (model.get("plays") || preset)) whenSeen(el, open, closing.signal);

  /** Runs; where little motion is wanted, out of sight and as fast as it can. */
  function open() {
    if (playing || columns.begun) return; // the reader was faster
    unseen = prefersStillness();
    if (unseen) worker.postMessage({ speed: null });
    setPlaying(true);
  }
  return () => {
    worker.terminate();
    closing.abort();
  };
}

export default { render };
