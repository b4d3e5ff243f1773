"""Chapter 2: the race to an accuracy, with and without counting the noise steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack


class Race(Widget):
    """Accuracy curves of up to three kinds of network; the reader sets the level to reach.

    Args:
        steps: recorded data steps, ``[t]``, increasing.
        accuracy: name of each kind to its test accuracies, ``[networks, t]``, from 0 to 1; drawn
            in orange, blue and green in this order: FA, noise then FA, BP.
        noise_steps: name to the noise steps made before the data; those left out made none.

    Raises:
        TypeError, ValueError: arguments that do not fit each other.
    """

    _module: ClassVar[str] = "race.js"

    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    accuracy: traitlets.List[Any] = traitlets.List().tag(sync=True)
    noise_steps = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(
        self,
        steps: ArrayLike,
        accuracy: Mapping[str, ArrayLike],
        noise_steps: Mapping[str, int] | None = None,
    ) -> None:
        recorded = _shapes.steps(steps)
        given = _shapes.named("accuracy", accuracy, 3)
        before = dict(noise_steps or {})
        if unknown := sorted(set(before) - set(given)):
            raise ValueError(f"noise_steps must name curves of accuracy, got {unknown[0]!r}")
        curves = {}
        for name, values in given.items():
            curves[name] = _shapes.array(f"accuracy[{name!r}]", values, ("networks", len(recorded)))
            if curves[name].min() < 0 or curves[name].max() > 1:
                raise ValueError(f"accuracy[{name!r}] must lie between 0 and 1")
        self._means = {name: curve.mean(0) for name, curve in curves.items()}
        super().__init__(
            steps=recorded,
            names=list(curves),
            accuracy=[pack(curve, "float32") for curve in curves.values()],
            noise_steps=[int(before.get(name, 0)) for name in curves],
        )

    def description(self) -> str:
        ends = ", ".join(f"{name} {100 * mean[-1]:.1f} %" for name, mean in self._means.items())
        best = max(self._means, key=lambda name: float(np.mean(self._means[name])))
        return (
            f"Interactive figure (it needs JavaScript): test accuracy over {self.steps[-1]:,} data "
            f"steps. Means at the end: {ends}. {best} is highest on average over the run."
        )
