// The laboratory's worker: advances a run and reports, so that the page itself never waits.
//
// The page sends {data, rules} once, then {start: settings}, {play: true or false}, {step: true},
// {speed: steps a second, or null for all it can} and {look: {network, layer}}. The worker answers
// {run, rows, view, playing, done} or {run, failed}; `run` counts starts, so that a late answer of an
// abandoned run can be told apart.

import { prepareData, Run } from "./run.js";

const SLICE = 12; // ms of work before messages are read again
const GLANCE = 80; // ms between views of the weights

let [data, rules, run, number] = [null, null, null, 0];
let [playing, speed, scheduled] = [false, null, false];
let shown = { network: "noise", layer: 2 };
let [due, before, glanced] = [0, 0, 0];
const channel = new MessageChannel(); // brings the next turn without a timer's delay
channel.port1.onmessage = () => attempt(work);

function schedule() {
  if (scheduled) return;
  scheduled = true;
  if (speed === null) channel.port2.postMessage(null);
  else setTimeout(() => attempt(work), 16);
}

function report(rows = []) {
  glanced = performance.now();
  const view = run.look(shown.network, shown.layer);
  postMessage({ run: number, rows, view, playing, done: run.done });
}

function advance(rows) {
  run.advance();
  if (run.recorded) rows.push(...run.record());
}

/** Works for one slice, then lets messages in. */
function work() {
  scheduled = false;
  if (!playing) return;
  const begun = performance.now();
  const rows = [];
  due = speed === null ? Infinity : Math.min(due + ((begun - before) * speed) / 1000, speed);
  before = begun;
  while (due >= 1 && !run.done && performance.now() - begun < SLICE) {
    advance(rows);
    due -= 1;
  }
  playing = !run.done;
  if (run.done || performance.now() - glanced > GLANCE) report(rows);
  else if (rows.length > 0) postMessage({ run: number, rows });
  if (playing) schedule();
}

function obey(message) {
  if (message.data) [data, rules] = [prepareData(message.data), message.rules];
  if (message.start) {
    number += 1;
    playing = false;
    run = new Run(message.start, data, rules);
    report(run.record());
  }
  if (message.speed !== undefined) {
    speed = message.speed;
    [before, due] = [performance.now(), 0];
  }
  if (message.look) {
    shown = message.look;
    report();
  }
  if (message.play !== undefined && message.play !== playing) {
    playing = message.play && !run.done;
    [before, due] = [performance.now(), 0];
    if (playing) schedule();
    else report();
  }
  if (message.step && !playing && !run.done) {
    const rows = [];
    advance(rows);
    report(rows);
  }
}

function attempt(task, argument) {
  try {
    task(argument);
  } catch (error) {
    playing = false;
    postMessage({ run: number, failed: `${error.message} at step ${run?.now}` });
  }
}

onmessage = (event) => attempt(obey, event.data);
