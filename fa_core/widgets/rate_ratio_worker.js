// The worker of RateRatio: trains at the ratio it is told, until it is told another.
//
// The page sends {rule, settings} once, then {start: {ratio, labels}, run: number} or {stop: true}.
// The worker answers {run, record, done} at each recorded step, or {run, failed}.

import { RateRatioRun } from "./rate_ratio_run.js";

const SLICE = 12; // ms of work before messages are read again

let [rule, settings, latest] = [null, null, null];
const channel = new MessageChannel(); // brings the next turn without a timer's delay
const pause = () =>
  new Promise((goOn) => {
    channel.port1.onmessage = goOn;
    channel.port2.postMessage(null);
  });

async function train(number, start) {
  try {
    const run = new RateRatioRun({ ...settings, ...start }, rule);
    postMessage({ run: number, record: run.record(), done: run.done });
    while (!run.done) {
      const begun = performance.now();
      while (!run.done && performance.now() - begun < SLICE) {
        run.advance();
        if (run.recorded) postMessage({ run: number, record: run.record(), done: run.done });
      }
      await pause();
      if (latest !== number) return;
    }
  } catch (error) {
    postMessage({ run: number, failed: error.message });
  }
}

onmessage = ({ data: message }) => {
  if (message.settings) ({ rule, settings } = message);
  if (message.stop) latest = null;
  if (message.start) {
    latest = message.run;
    train(latest, message.start);
  }
};
