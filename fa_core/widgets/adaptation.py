"""Chapter 5: adapt to a task from several amounts of noise training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack


class Adaptation(Widget):
    """Test loss while adapting to each task, from several amounts of noise training.

    Args:
        noise_steps: amounts of noise training, ``[m]``, increasing; the first is the one that
            the others are compared with.
        steps: recorded steps of adaptation, ``[t]``, increasing.
        losses: name of each task to its test losses in nats, ``[m, t]``.

    Raises:
        TypeError, ValueError: arguments that do not fit each other.
    """

    _module: ClassVar[str] = "adaptation.js"

    noise_steps = traitlets.List(traitlets.Int()).tag(sync=True)
    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    tasks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    losses: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(
        self, noise_steps: ArrayLike, steps: ArrayLike, losses: Mapping[str, ArrayLike]
    ) -> None:
        amounts = _shapes.steps(noise_steps, "noise_steps")
        recorded = _shapes.steps(steps)
        shape = (len(amounts), len(recorded))
        curves = {
            task: _shapes.array(f"losses[{task!r}]", values, shape)
            for task, values in _shapes.named("losses", losses).items()
        }
        self._meta = np.sum([curve[:, -1] for curve in curves.values()], axis=0)
        super().__init__(
            noise_steps=amounts,
            steps=recorded,
            tasks=list(curves),
            losses=[pack(curve, "float32") for curve in curves.values()],
        )

    def description(self) -> str:
        best = int(self._meta.argmin())
        return (
            "Interactive figure (it needs JavaScript): test loss while adapting to "
            f"{', '.join(self.tasks)}. The meta-loss, the sum after {self.steps[-1]:,} steps, is "
            f"{self._meta[0]:.3f} from {self.noise_steps[0]:,} noise steps and lowest, "
            f"{self._meta[best]:.3f}, from {self.noise_steps[best]:,}."
        )
