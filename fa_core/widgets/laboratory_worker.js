// The laboratory's worker: advances a run and reports, so that the page itself never waits.
//
// The page sends {data, rules} once, then {start: settings, stop}, {play: true or false},
// {step: true}, {speed: steps a second, or null for all it can}, {seeds: how many in all} and
// {look: {network, layer}}. A run rests at its end, and once at data step `stop`; there runs of the
// next seeds follow it. The worker answers {run, rows, view, playing, rests, done}, for another seed
// {run, other, rows}, or {run, failed}; `run` counts starts, so that a late answer of an abandoned
// run can be told apart.

import { prepareData, Run } from "./run.js";

const SLICE = 12; // ms of work before messages are read again
const GLANCE = 80; // ms between views of the weights
const FEW = 25; // records of each phase of another seed's run

let [data, rules, run, number] = [null, null, null, 0];
let [playing, speed, scheduled] = [false, null, false];
let [stop, seeds, others] = [null, 1, []];
let shown = { network: "noise", layer: 2 };
let [due, before, glanced] = [0, 0, 0];
const channel = new MessageChannel(); // brings the next turn without a timer's delay
channel.port1.onmessage = () => attempt(turn);

const rests = () => run.done || run.now === stop;

function schedule() {
  if (scheduled) return;
  scheduled = true;
  if (speed === null || !playing) channel.port2.postMessage(null);
  else setTimeout(() => attempt(turn), 16);
}

function report(rows = []) {
  glanced = performance.now();
  const view = run.look(shown.network, shown.layer);
  postMessage({ run: number, rows, view, playing, rests: rests(), done: run.done });
}

function advance(rows, one = run) {
  one.advance();
  if (one.recorded) rows.push(...one.record());
}

/** Works for one slice, then lets messages in. */
function turn() {
  scheduled = false;
  if (playing) work();
  else if (run && rests()) follow();
}

function work() {
  const begun = performance.now();
  const rows = [];
  due = speed === null ? Infinity : Math.min(due + ((begun - before) * speed) / 1000, speed);
  before = begun;
  while (due >= 1 && !rests() && performance.now() - begun < SLICE) {
    advance(rows);
    due -= 1;
  }
  playing = !rests();
  if (!playing || performance.now() - glanced > GLANCE) report(rows);
  else if (rows.length > 0) postMessage({ run: number, rows });
  schedule();
}

/** Brings the first of the other seeds that lags behind a little nearer to the run. */
function follow() {
  const { settings } = run;
  const behind = others.findIndex((other) => other.now < run.now);
  const at = behind < 0 ? others.length : behind;
  if (at >= seeds - 1) return;
  const rows = [];
  if (at === others.length) {
    others.push(new Run({ ...settings, seed: settings.seed + at + 1 }, data, rules, FEW));
    rows.push(...others[at].record());
  }
  const begun = performance.now();
  while (others[at].now < run.now && performance.now() - begun < SLICE) advance(rows, others[at]);
  if (rows.length > 0) postMessage({ run: number, other: at, rows });
  schedule();
}

function obey(message) {
  if (message.data) [data, rules] = [prepareData(message.data), message.rules];
  if (message.start) {
    number += 1;
    playing = false;
    [stop, others] = [message.stop, []];
    run = new Run(message.start, data, rules);
    report(run.record());
  }
  if (message.speed !== undefined) {
    speed = message.speed;
    [before, due] = [performance.now(), 0];
  }
  if (message.seeds !== undefined) {
    seeds = message.seeds;
    if (!playing) schedule();
  }
  if (message.look) {
    shown = message.look;
    report();
  }
  if (message.play !== undefined && message.play !== playing) {
    if (message.play && run.now === stop) stop = null;
    playing = message.play && !run.done;
    [before, due] = [performance.now(), 0];
    if (playing) schedule();
    else report();
  }
  if (message.step && !playing && !run.done) {
    if (run.now === stop) stop = null;
    const rows = [];
    advance(rows);
    report(rows);
    schedule();
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
