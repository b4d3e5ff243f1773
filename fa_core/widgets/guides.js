// Guided experiments: settings that differ from the first ones, and what to look for.

export const GUIDES = [
  {
    title: "Noise aligns",
    settings: {},
    text:
      "Watch the blue angle while only noise is shown: it leaves 90° and falls, though no input " +
      "carries any information. The loss falls towards chance, log 10 = 2.30, and the readouts to 1/10. " +
      "W and B below begin to resemble each other, cell by cell.",
  },
  {
    title: "The race",
    settings: { data: 2000 },
    text:
      "From data step 0 all three networks see the same images. Compare the steps to 90 % accuracy " +
      "in the table: the network that saw noise first learns much sooner than plain FA. Count its " +
      "noise steps too before you call it a bargain.",
  },
  {
    title: "Backpropagation on noise",
    settings: { rule: "bp" },
    text:
      "The control: the network that sees noise now learns by backpropagation (purple), from the " +
      "same noise. B is not used, and the angle stays where it began. Alignment is the work of the feedback, not of " +
      "noise as such. Does backpropagation gain from noise all the same?",
  },
  {
    title: "Feedback that learns",
    settings: { rule: "kp", decay: 1 },
    text:
      "Kolen and Pollack: B takes every update of W, and both decay, so what they differ by dies " +
      "away. Noise alone gives them little to share, and the angle stays high; on data it falls " +
      "far below that of FA. Then set the weight decay to 0: W − B no longer changes.",
  },
  {
    title: "No noise at all",
    settings: { noise: 0 },
    text:
      "With zero noise steps the blue curve must lie exactly on the orange one: same weights, same " +
      "feedback, same images. If it did not, the comparison would not be fair.",
  },
  {
    title: "Too much noise",
    settings: { noise: 12000, noise_lr: 0.003, data: 500 },
    text:
      "Alignment is not monotonic. With a larger learning rate the angle soon reaches its minimum, " +
      "then climbs back towards 90°, while the effective rank of the readout weights goes on " +
      "falling. When would you have stopped?",
  },
  {
    title: "The law under SGD",
    settings: { optimiser: "sgd", ratio: 10 },
    text:
      "Plain SGD, and a hidden layer that learns ten times as fast as the readout. Watch the ledger: " +
      "W₂ turns to B₂ exactly as far as W₁ grows beyond a random walk, at every step. Choose Adam and " +
      "the two lines part. Choose the ratio 1: where does the angle go now?",
  },
  {
    title: "Labels 1/K under SGD",
    settings: { optimiser: "sgd", ratio: 10, labels: "uniform", noise: 4000, angle: "centred" },
    text:
      "Every label is 1/K for all classes, so no label is ever wrong by chance. The class-centred angle falls and does " +
      "not rise again. Set the labels to random and it does: under SGD that rebound is label noise. " +
      "Then try the same two under Adam.",
  },
  {
    title: "One fixed label",
    settings: { labels: "fixed" },
    text:
      "Inputs are still random, but the label is always the same class. The readout learns that " +
      "class alone. Does the angle still fall? And does it help on data?",
  },
  {
    title: "Noise with a mean",
    settings: { mean: 2 },
    text:
      "Every input unit now has mean 2 in place of 0. The hidden units see nearly the same input " +
      "each time. Compare the lowest angle and the race with those of the first experiment.",
  },
  {
    title: "Deeper",
    settings: { depth: 4, noise: 4000, data: 2000 },
    text:
      "Four weight layers. Choose the layer below the curves and compare: which turns towards its " +
      "feedback, and which hardly moves on noise? Watch them again once the data begin.",
  },
];
