// Experiments to try: settings that differ from the first ones, and what to look for.
//
// `key` is the name in a link, laboratory.html#preset=key, which must not change. `chapter` says whose
// central experiment it is. A run rests at data step `stop`, and `next` then says how to go on.

export const GUIDES = [
  {
    key: "noise-aligns",
    title: "Noise aligns",
    chapter: "Chapter 1",
    settings: {},
    stop: 0,
    text:
      "Watch the blue angle while only noise is shown: it leaves 90° and falls, though no input " +
      "carries any information. The loss falls towards chance, log 10 = 2.30, and the readouts to 1/10. " +
      "The cloud of weights tilts: each weight moves towards its feedback.",
    next: "The noise is over. Press Run: now all networks see digits.",
  },
  {
    key: "race",
    title: "The race",
    chapter: "Chapter 2",
    settings: {},
    text:
      "From data step 0 all networks see the same images. Compare the steps to 90 % accuracy " +
      "in the table: the network that saw noise first learns much sooner than plain FA. Count its " +
      "noise steps too before you call it a bargain.",
  },
  {
    key: "quiet-start",
    title: "W₂ divided by 10",
    chapter: "Chapter 2",
    settings: { quiet: 0.1 },
    text:
      "The simplest control (orange): FA without any noise, from the same weights, but those of the " +
      "readout divided by 10. Its readouts start near 1/10, as noise leaves them, but its angle starts where it was. " +
      "How much of the lead is left to noise?",
  },
  {
    key: "zero-start",
    title: "W₂ times 0",
    chapter: "Chapter 2",
    settings: { quiet: 0 },
    text:
      "The readout of the orange network starts from zero: it has no angle at first, and sees no noise. " +
      "Compare its angle, its accuracy and its steps to 90 % with those of the network that saw noise.",
  },
  {
    key: "low-rank",
    title: "Low rank",
    chapter: "Chapter 3",
    settings: { noise: 4000, noise_lr: 0.001 },
    stop: 0,
    text: "Watch the effective rank of the readout's weights: noise lowers it before any data is seen.",
    next: "The noise is over. Press Run, and compare the ranks that the networks have after data.",
  },
  {
    key: "turned-digits",
    title: "Turned digits",
    chapter: "Chapter 4",
    settings: { turn: 30, data: 2000 },
    text:
      "The networks train on upright digits and are tested on digits turned by 30°. All lose accuracy. " +
      "Is what noise gains here more than what it gains on upright digits at the same step?",
  },
  {
    key: "few-steps",
    title: "After a few steps",
    chapter: "Chapter 5",
    settings: { data: 20, data_lr: 0.001 },
    text:
      "Only 20 steps of data, every one recorded: how far does each start come? The meta-loss of " +
      "chapter 5 is the loss after such few steps, summed over tasks.",
  },
  {
    key: "law-under-sgd",
    title: "The law under SGD",
    chapter: "Why it works",
    settings: { optimiser: "sgd", ratio: 10 },
    text:
      "Plain SGD, and a hidden layer that learns ten times as fast as the readout. Watch the ledger: " +
      "W₂ moves along B₂, apart from the rates, exactly as far as W₁ grows beyond its random walk, at every step. Choose Adam and " +
      "the two lines part. Choose the ratio 1: where does the angle go now?",
  },
  {
    key: "small-weights",
    title: "All weights × 0.1",
    chapter: "Write your own experiment",
    settings: { scale: 0.1, noise_lr: 0.001 },
    stop: 0,
    text:
      "Every forward weight starts ten times as small; B keeps its size. The same noise follows. " +
      "Does W₂ still turn towards B₂? Try 0.3 as well, then 2.",
    next: "Compare with the first experiment: how far the angle falls depends on the size of the first weights.",
  },
  {
    key: "bp-on-noise",
    title: "Backpropagation on noise",
    settings: { rule: "bp" },
    text:
      "The control: the network that sees noise now learns by backpropagation (purple), from the " +
      "same noise. B is not used, and the angle stays where it began. Alignment is the work of the feedback, not of " +
      "noise as such. Does backpropagation gain from noise all the same?",
  },
  {
    key: "learning-feedback",
    title: "Feedback that learns",
    settings: { rule: "kp", decay: 1 },
    text:
      "Kolen and Pollack: B takes every update of W, and both decay, so what they differ by dies " +
      "away. Noise alone gives them little to share, and the angle stays high; on data it falls " +
      "far below that of FA. Then set the weight decay to 0: W − B no longer changes.",
  },
  {
    key: "no-noise",
    title: "No noise at all",
    settings: { noise: 0 },
    text:
      "With zero noise steps the blue curve must lie exactly on the orange-red one: same weights, same " +
      "feedback, same images. If it did not, the comparison would not be fair.",
  },
  {
    key: "too-much-noise",
    title: "Too much noise",
    settings: { noise: 12000, noise_lr: 0.003, data: 500 },
    stop: 0,
    text:
      "Alignment is not monotonic. With a larger learning rate the angle soon reaches its minimum, " +
      "then climbs back towards 90°, while the effective rank of the readout weights goes on " +
      "falling. When would you have stopped?",
    next: "Press Run to see what such a start is worth on data.",
  },
  {
    key: "uniform-labels",
    title: "Labels 1/K under SGD",
    settings: { optimiser: "sgd", ratio: 10, labels: "uniform", noise: 4000, angle: "centred" },
    stop: 0,
    text:
      "Every label is 1/K for all classes, so no label is ever wrong by chance. The class-centred angle falls and does " +
      "not rise again. Set the labels to random and it does: under SGD that rebound is label noise. " +
      "Then try the same two under Adam.",
    next: "Press Run for the data, or change the labels first.",
  },
  {
    key: "fixed-label",
    title: "One fixed label",
    settings: { labels: "fixed" },
    text:
      "Inputs are still random, but the label is always the same class. The readout learns that " +
      "class alone. Does the angle still fall? And does it help on data?",
  },
  {
    key: "noise-with-a-mean",
    title: "Noise with a mean",
    settings: { mean: 2 },
    text:
      "Every input unit now has mean 2 in place of 0. The hidden units see nearly the same input " +
      "each time. Compare the lowest angle and the race with those of the first experiment.",
  },
  {
    key: "deeper",
    title: "Deeper",
    settings: { depth: 4, noise: 4000, data: 2000 },
    text:
      "Four weight layers. Choose the layer below the curves and compare: which turns towards its " +
      "feedback, and which hardly moves on noise? Watch them again once the data begin.",
  },
];
