// The worker of the opening figure: trains one run to its end and sends what each frame shows.
//
// The page sends {data, rules, settings} once. The worker answers a frame {step, angle, weight,
// feedback, accuracy} at each recorded step, or {failed}. The angle and the matrices, readout by
// readout, are those of the network that sees noise; `accuracy` has each network that trains then.

import { prepareData, Run } from "./run.js";

onmessage = ({ data: { data, rules, settings } }) => {
  try {
    const run = new Run(settings, prepareData(data), rules);
    const frame = () => {
      const { step, angle, weight, feedback } = run.look("noise", 2);
      const accuracy = Object.fromEntries(run.record().map((row) => [row.network, row.accuracy]));
      postMessage({ step, angle, weight: weight.values, feedback: feedback.values, accuracy });
    };
    frame();
    while (!run.done) {
      run.advance();
      if (run.recorded) frame();
    }
  } catch (error) {
    postMessage({ failed: error.message });
  }
};
