"""Why it works: drag the ratio of the layers' learning rates and see where the angle goes."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from fa_core import _checks, rules
from fa_core.widgets._widget import Widget

# Round numbers, even steps on a log axis; every second one is named there.
_RATIOS = [1 / 30, 1 / 20, 1 / 10, 1 / 5, 1 / 3, 1 / 2, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0]


class RateRatio(Widget):
    """Networks trained on noise by FA and plain SGD, at a ratio of rates that the reader sets.

    They are 64-``hidden``-10 and train in the page itself, in a Web Worker, without a kernel. At
    ratio r the hidden layer learns at ``rate`` times the root of r and the readout at ``rate``
    divided by it, so the product of the two stays. Shown are the angle between W2 and B2, raw and
    class-centred, its lowest values at all ratios trained so far, and both sides of the
    conservation law at the end.

    Args:
        networks: how many train beside each other, 1 to 16.
        steps: updates on noise, 10 to 20000.
        rate: learning rate of both layers at ratio 1, above 0, at most 1.
        hidden: hidden units, 4 to 256.
        batch_size: noise samples of an update, 1 to 256.
        seed: network ``i`` is that of seed ``seed + i``, from 0.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range.
    """

    _module: ClassVar[str] = "rate_ratio.js"

    settings = traitlets.Dict().tag(sync=True)
    ratios = traitlets.List(traitlets.Float()).tag(sync=True)
    rule = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        networks: int = 4,
        steps: int = 2000,
        rate: float = 0.1,
        hidden: int = 64,
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        settings: dict[str, Any] = {
            "networks": _checks.integer("networks", networks, 1, 16),
            "steps": _checks.integer("steps", steps, 10, 20000),
            "rate": _checks.number("rate", rate, above=0, most=1),
            "hidden": _checks.integer("hidden", hidden, 4, 256),
            "batch": _checks.integer("batch_size", batch_size, 1, 256),
            "seed": _checks.integer("seed", seed, 0),
        }
        super().__init__(settings=settings, ratios=_RATIOS, rule=rules.as_data()["fa"])

    def description(self) -> str:
        own = self.settings
        return (
            f"Interactive figure (it needs JavaScript): {own['networks']} networks "
            f"64-{own['hidden']}-10 train on noise here by feedback alignment and plain SGD, at a "
            f"ratio of the layers' learning rates that the reader sets, from 1/30 to 30. A curve "
            f"shows the angle between W2 and B2 over {own['steps']:,} steps, raw and "
            f"class-centred, a second one its lowest value at each ratio, and a table how far W2 "
            f"turned to B2 beside how far W1 grew beyond a random walk."
        )
