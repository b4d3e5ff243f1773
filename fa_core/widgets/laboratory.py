"""The laboratory: train three networks in the page and watch what noise does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import traitlets

from fa_core.data import sources
from fa_core.widgets._settings import RULES, SETTINGS
from fa_core.widgets._widget import Widget, pack


class Laboratory(Widget):
    """Three networks on the 8x8 digits from one start: FA, noise then FA, and BP.

    They train in the page itself, in a Web Worker; a running kernel is not needed for it.

    Args:
        plays: whether a page without a kernel runs it as soon as it opens.
        **settings: first values of the controls: ``noise``, ``noise_lr``, ``distribution``,
            ``mean``, ``std``, ``labels``, ``hidden``, ``depth``, ``rule``, ``seed``, ``seeds``,
            ``scale``, ``quiet``, ``optimiser``, ``ratio``, ``decay``, ``batch``, ``data``,
            ``data_lr``, ``turn``, ``angle``. Without learning rates of their own, optimisers
            start at different ones.

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

    plays = traitlets.Bool().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    rules = traitlets.Dict().tag(sync=True)
    images = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    train_size = traitlets.Int().tag(sync=True)
    records: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, *, plays: bool = False, **settings: float | str) -> None:
        known = {setting.name for setting in SETTINGS}
        if unknown := sorted(set(settings) - known):
            raise TypeError(
                f"unknown setting {unknown[0]!r}; allowed are {', '.join(sorted(known))}"
            )
        digits = sources.digits()
        images = np.concatenate([digits["train_images"], digits["test_images"]])
        labels = np.concatenate([digits["train_labels"], digits["test_labels"]])
        super().__init__(
            plays=plays,
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

        ``network`` is ``"fa"``, ``"noise"`` (noise first), ``"bp"`` or, where the setting ``quiet``
        is not 1, ``"quiet"``; ``step`` counts data steps, so noise steps are negative. For each
        weight layer from the second on there are ``angle_2``, ``rank_2``, and the ledger, in units
        of weight squared over learning rate: ``turned_2`` and ``grown_2`` are the two sides of the
        conservation law, ``walked_2`` is the random walk of the layer below; ``size_2`` is the norm
        of the weights relative to their start. ``centred_angle`` is the readout's. Filled when the
        run pauses or ends.
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
