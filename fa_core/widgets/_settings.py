"""The laboratory's controls: what each is called, what it may be, and where it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fa_core import rules

# What the page's engine knows of the rules, and what the page calls them.
RULES = rules.as_data()
_WORDS = {
    "fa": "FA: errors return by B",
    "bp": "BP: errors return by W",
    "dfa": "DFA: the logits' errors return by B",
    "kp": "KP: as FA, and B learns as W does",
}


@dataclass(frozen=True)
class Setting:
    """One control: a number from ``low`` to ``high``, or one of ``choices`` (name to words).

    ``note`` stands below it, where the label does not say all. ``initials`` holds first values
    under an optimiser other than Adam. A ``view`` changes what is drawn and lets the run go on.
    A number has a slider: even, or logarithmic from ``log``, with ``low`` at its left end.
    """

    name: str
    label: str
    group: str
    initial: float | str
    low: float = 0
    high: float = 0
    whole: bool = True
    choices: dict[str, str] | None = None
    note: str = ""
    initials: dict[str, float] | None = None
    view: bool = False
    slider: bool = True
    log: float | None = None

    def first(self, optimiser: Any) -> float | str:
        return (self.initials or {}).get(optimiser, self.initial)

    def check(self, value: Any) -> float | str:
        if self.choices is not None:
            if value not in self.choices:
                allowed = ", ".join(self.choices)
                raise ValueError(f"{self.name} must be one of {allowed}; got {value!r}")
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{self.name} must be a number, got {value!r}")
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            kind = "a whole number" if self.whole else "a number"
            raise ValueError(
                f"{self.name} must be {kind} from {self.low:g} to {self.high:g}, got {value}"
            )
        return int(value) if self.whole else float(value)


# The page builds its controls from this list, and clamps what a link says to it.
SETTINGS = (
    Setting("noise", "Noise steps", "Noise", 2000, 0, 20000, log=10),
    Setting(
        "noise_lr",
        "Learning rate on noise",
        "Noise",
        5e-4,
        1e-6,
        1,
        whole=False,
        initials={"sgd": 0.1},
        log=1e-6,
    ),
    Setting(
        "distribution",
        "Distribution",
        "Noise",
        "gaussian",
        choices={"gaussian": "Gaussian", "uniform": "uniform", "bernoulli": "two values"},
    ),
    Setting("mean", "Mean of an input", "Noise", 0.0, -5, 5, whole=False),
    Setting("std", "Standard deviation", "Noise", 1.0, 0.01, 10, whole=False, log=0.01),
    Setting(
        "labels",
        "Labels",
        "Noise",
        "random",
        choices={"random": "random class", "fixed": "one fixed class", "uniform": "all equal, 1/K"},
    ),
    Setting("hidden", "Hidden units", "Networks", 64, 16, 256),
    Setting("depth", "Weight layers", "Networks", 2, 2, 4),
    Setting(
        "rule",
        "Rule of the noise network",
        "Networks",
        "fa",
        choices={name: _WORDS.get(name, name.upper()) for name in RULES},
        note="How the network that sees noise first learns, on noise and on data. The two beside "
        "it stay FA and BP. Direct FA (DFA) is FA where there are two weight layers; with more, "
        "B has the shape of W, and so an angle to it, in the readout layer alone. Under "
        "Kolen-Pollack (KP) W − B stays as it is unless the weights decay.",
    ),
    Setting("seed", "Seed", "Networks", 0, 0, 999999, slider=False),
    Setting(
        "seeds",
        "Seeds drawn",
        "Networks",
        8,
        1,
        8,
        note="Thin lines are runs of the next seeds. They train where the run rests: at its end, "
        "or where an experiment stops it.",
        view=True,
    ),
    Setting(
        "scale",
        "All weights W at the start, times",
        "Initial weights",
        1.0,
        0.01,
        10,
        whole=False,
        note="Of every network, in every layer. B keeps its size.",
        log=0.01,
    ),
    Setting(
        "quiet",
        "Readout weights of a fourth network, times",
        "Initial weights",
        1.0,
        0,
        1,
        whole=False,
        note="Below 1 a fourth network joins: FA without noise, the weights of its readout this "
        "many times as large at the start. 0.1 is the quiet readout of chapter 2.",
        log=0.001,
    ),
    Setting(
        "optimiser",
        "Optimiser",
        "Training",
        "adam",
        choices={"adam": "Adam", "sgd": "plain SGD"},
        note="Of all three networks. Choosing one sets both learning rates to first values of "
        "its own.",
    ),
    Setting(
        "ratio",
        "Rate of hidden layers over readout",
        "Training",
        1.0,
        0.001,
        1000,
        whole=False,
        log=0.001,
        note="Hidden layers learn at the learning rate times the root of this ratio, the readout "
        "at the learning rate divided by it: their product stays. On noise and on data alike.",
    ),
    Setting(
        "decay",
        "Weight decay",
        "Training",
        0.0,
        0,
        100,
        whole=False,
        log=0.01,
        note="As in AdamW: each step shrinks weights and biases by this times the learning rate, "
        "in all three networks, and B where it learns.",
    ),
    Setting("batch", "Batch size", "Training", 64, 1, 256, log=1),
    Setting("data", "Data steps", "Data", 1000, 1, 20000, log=1),
    Setting(
        "data_lr",
        "Learning rate on data",
        "Data",
        3e-4,
        1e-6,
        1,
        whole=False,
        initials={"sgd": 0.1},
        log=1e-6,
    ),
    Setting("turn", "Test digits turned by, degrees", "Data", 0, 0, 90),
    Setting(
        "angle",
        "Angle shown",
        "Figures",
        "raw",
        choices={"raw": "raw", "centred": "class-centred"},
        note="Class-centred: of the readout less its mean over classes, which no error ever "
        "reaches. Hidden layers have no classes and show the raw angle.",
        view=True,
    ),
)
