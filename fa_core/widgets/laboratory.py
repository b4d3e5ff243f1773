"""The laboratory: train three networks in the page and watch what noise does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import traitlets

from fa_core import rules
from fa_core.data import sources
from fa_core.widgets._widget import Widget, pack

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
    Setting("noise", "Noise steps", "Noise", 2000, 0, 20000),
    Setting(
        "noise_lr",
        "Learning rate on noise",
        "Noise",
        5e-4,
        1e-6,
        1,
        whole=False,
        initials={"sgd": 0.1},
    ),
    Setting(
        "distribution",
        "Distribution",
        "Noise",
        "gaussian",
        choices={"gaussian": "Gaussian", "uniform": "uniform", "bernoulli": "two values"},
    ),
    Setting("mean", "Mean of an input", "Noise", 0.0, -5, 5, whole=False),
    Setting("std", "Standard deviation", "Noise", 1.0, 0.01, 10, whole=False),
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
    Setting("seed", "Seed", "Networks", 0, 0, 999999),
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
        note="As in AdamW: each step shrinks weights and biases by this times the learning rate, "
        "in all three networks, and B where it learns.",
    ),
    Setting("batch", "Batch size", "Training", 64, 1, 256),
    Setting("data", "Data steps", "Data", 1000, 1, 20000),
    Setting(
        "data_lr",
        "Learning rate on data",
        "Data",
        3e-4,
        1e-6,
        1,
        whole=False,
        initials={"sgd": 0.1},
    ),
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


class Laboratory(Widget):
    """Three networks on the 8x8 digits from one start: FA, noise then FA, and BP.

    They train in the page itself, in a Web Worker; a running kernel is not needed for it.

    Args:
        **settings: first values of the controls: ``noise``, ``noise_lr``, ``distribution``,
            ``mean``, ``std``, ``labels``, ``hidden``, ``depth``, ``rule``, ``seed``,
            ``optimiser``, ``ratio``, ``decay``, ``batch``, ``data``, ``data_lr``, ``angle``.
            Without learning rates of their own, optimisers start at different ones.

    Attributes:
        settings: the controls' present values; may be set as a whole.

    Raises:
        TypeError: an unknown setting, or a number that is none.
        ValueError: a setting out of range.

    Examples:
        >>> lab = Laboratory(hidden=128, seed=3)
        >>> lab.settings["hidden"], len(lab.history)
        (128, 0)
    """

    _module: ClassVar[str] = "laboratory.js"
    _styles: ClassVar[tuple[str, ...]] = ("base.css", "laboratory.css")

    settings = traitlets.Dict().tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    rules = traitlets.Dict().tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    train_size = traitlets.Int().tag(sync=True)
    records: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, **settings: float | str) -> None:
        known = {setting.name for setting in SETTINGS}
        if unknown := sorted(set(settings) - known):
            raise TypeError(
                f"unknown setting {unknown[0]!r}; allowed are {', '.join(sorted(known))}"
            )
        digits = sources.digits()
        images = np.concatenate([digits["train_images"], digits["test_images"]])
        labels = np.concatenate([digits["train_labels"], digits["test_labels"]])
        super().__init__(
            settings=settings,
            controls=[asdict(setting) for setting in SETTINGS],
            rules=RULES,
            images=pack(images.reshape(len(images), -1), "uint8"),
            labels=pack(labels, "uint8"),
            train_size=len(digits["train_images"]),
        )

    @traitlets.validate("settings")
    def _check_settings(self, proposal: dict[str, Any]) -> dict[str, float | str]:
        given = proposal["value"]
        first = {s.name: s.first(given.get("optimiser")) for s in SETTINGS}
        return {s.name: s.check(given.get(s.name, first[s.name])) for s in SETTINGS}

    @property
    def history(self) -> pd.DataFrame:
        """The curves so far, one row for each network at each recorded step.

        ``network`` is ``"fa"``, ``"noise"`` (noise first) or ``"bp"``; ``step`` counts data steps,
        so noise steps are negative. For each weight layer from the second on there are
        ``angle_2``, ``rank_2``, and the ledger, in units of weight squared over learning rate:
        ``turned_2`` and ``grown_2`` are the two sides of the conservation law, ``walked_2`` is
        the random walk of the layer below; ``size_2`` is the norm of the weights relative to
        their start. ``centred_angle`` is the readout's. Filled when the run pauses or ends.
        """
        columns = ["phase", "step", "network", "loss", "accuracy"]
        return pd.DataFrame(self.records, columns=None if self.records else columns)

    def description(self) -> str:
        return (
            "The laboratory (it needs JavaScript): three networks on the 8x8 digits train here "
            "from the same start, by feedback alignment (FA), by noise and then FA, and by "
            "backpropagation (BP). Curves show the angle between forward and feedback weights, "
            "test accuracy, loss and effective rank; a ledger shows both sides of the "
            "conservation law; controls set the noise, the networks and the training."
        )
