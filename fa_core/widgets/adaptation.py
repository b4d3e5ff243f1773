"""Chapter 5: adapt to a task from several amounts of noise training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack


class Adaptation(Widget):
    """Test loss while adapting to each task, from several amounts of noise training.

    Args:
        noise_steps: amounts of noise training, ``[m]``, increasing; the first is the one that
            the others are compared with.
        steps: recorded steps of adaptation, ``[t]``, increasing.
        losses: name of each task to its test losses in nats, ``[m, t]``.
        others: name of up to two other starts, BP and the quiet readout, to their losses without
            noise on each of these tasks, ``[t]``.
        start: the amount at which the figure opens, one of ``noise_steps``; it opens on the task
            where that amount changes the last loss most.
        source: what was run, on what and when: a line below the figure.

    Raises:
        TypeError, ValueError: arguments that do not fit each other.
    """

    _module: ClassVar[str] = "adaptation.js"

    noise_steps = traitlets.List(traitlets.Int()).tag(sync=True)
    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    tasks = traitlets.List(traitlets.Unicode()).tag(sync=True)
    losses: traitlets.List[Any] = traitlets.List().tag(sync=True)
    others: traitlets.List[Any] = traitlets.List().tag(sync=True)
    start = traitlets.Int().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        noise_steps: ArrayLike,
        steps: ArrayLike,
        losses: Mapping[str, ArrayLike],
        others: Mapping[str, Mapping[str, ArrayLike]],
        start: int,
        source: str = "",
    ) -> None:
        amounts = _shapes.steps(noise_steps, "noise_steps")
        recorded = _shapes.steps(steps)
        shape = (len(amounts), len(recorded))
        curves = {
            task: _shapes.array(f"losses[{task!r}]", values, shape)
            for task, values in _shapes.named("losses", losses).items()
        }
        if start not in amounts:
            raise ValueError(f"start must be one of {amounts}, got {start}")
        compared = {
            name: _of_each_task(f"others[{name!r}]", by_task, list(curves), len(recorded))
            for name, by_task in _shapes.named("others", others, 2).items()
        }
        self._meta = np.sum([curve[:, -1] for curve in curves.values()], axis=0)
        super().__init__(
            noise_steps=amounts,
            steps=recorded,
            tasks=list(curves),
            losses=[pack(curve, "float32") for curve in curves.values()],
            others=[
                {"name": name, "losses": pack(values, "float32")}
                for name, values in compared.items()
            ],
            start=start,
            source=source,
        )

    def description(self) -> str:
        best = int(self._meta.argmin())
        return (
            "Interactive figure (it needs JavaScript): test loss while adapting to "
            f"{', '.join(self.tasks)}. The meta-loss, the sum after {self.steps[-1]:,} steps, is "
            f"{self._meta[0]:.3f} from {self.noise_steps[0]:,} noise steps and lowest, "
            f"{self._meta[best]:.3f}, from {self.noise_steps[best]:,}."
        )


def _of_each_task(
    name: str, given: Mapping[str, ArrayLike], tasks: list[str], count: int
) -> NDArray[np.float64]:
    """Losses of each task, ``[tasks, count]``, in the order of the tasks."""
    by_task = _shapes.named(name, given)
    if set(by_task) != set(tasks):
        raise ValueError(f"{name} must have the tasks {tasks}, got {list(by_task)}")
    return np.stack([_shapes.array(f"{name}[{task!r}]", by_task[task], (count,)) for task in tasks])
