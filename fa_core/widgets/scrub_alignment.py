"""Chapter 1: scrub through noise training and watch W2 turn towards B2."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack


class ScrubAlignment(Widget):
    """One network's recorded noise training, step by step.

    Shows the readout weights against the feedback weights (one dot a weight), the angle between
    them, the loss, and the mean readout probability of each class. The angle shown is computed
    in the page from the weights shown.

    Args:
        steps: recorded steps, ``[t]``, increasing.
        weights: forward weights at these steps, ``[t, out, in]``.
        feedback: feedback weights, ``[out, in]``.
        angles: alignment angles at these steps, degrees, ``[t]``; checked against the weights.
        losses: cross-entropy at these steps, nats, ``[t]``.
        readout: mean readout probability of each class at these steps, ``[t, out]``.

    Attributes:
        index: which of the recorded steps is shown; follows the slider and may be set.

    Raises:
        ValueError: arrays that do not fit each other, or angles that are not those of the weights.
    """

    _module: ClassVar[str] = "scrub_alignment.js"

    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    weights = traitlets.Dict().tag(sync=True)
    feedback = traitlets.Dict().tag(sync=True)
    angles = traitlets.List(traitlets.Float()).tag(sync=True)
    losses = traitlets.List(traitlets.Float()).tag(sync=True)
    readout: traitlets.List[Any] = traitlets.List().tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        steps: ArrayLike,
        weights: ArrayLike,
        feedback: ArrayLike,
        angles: ArrayLike,
        losses: ArrayLike,
        readout: ArrayLike,
    ) -> None:
        recorded = _shapes.steps(steps)
        t = len(recorded)
        back = _shapes.array("feedback", feedback, ("out", "in"))
        forward = _shapes.array("weights", weights, (t, *back.shape))
        degrees = _shapes.array("angles", angles, (t,))
        self._check_angles(recorded, forward, back, degrees)
        super().__init__(
            steps=recorded,
            weights=pack(forward),
            feedback=pack(back),
            angles=degrees.round(3).tolist(),
            losses=_shapes.array("losses", losses, (t,)).round(5).tolist(),
            readout=_shapes.array("readout", readout, (t, len(back))).round(5).tolist(),
        )

    @staticmethod
    def _check_angles(
        steps: list[int],
        weights: NDArray[np.float64],
        feedback: NDArray[np.float64],
        angles: NDArray[np.float64],
    ) -> None:
        norms = np.linalg.norm(weights, axis=(1, 2)) * np.linalg.norm(feedback)
        if (norms == 0).any():
            raise ValueError("weights and feedback must not be all zero: no angle is defined")
        cosine = (weights * feedback).sum((1, 2)) / norms
        difference = np.abs(np.degrees(np.arccos(cosine.clip(-1, 1))) - angles)
        if (worst := difference.argmax()) >= 0 and difference[worst] > 0.05:
            raise ValueError(
                f"angles must be those between weights and feedback; at step {steps[worst]} "
                f"they differ by {difference[worst]:.2f} degrees"
            )

    @traitlets.validate("index")
    def _keep_index_in_range(self, proposal: dict[str, int]) -> int:
        return min(max(proposal["value"], 0), len(self.steps) - 1)

    def description(self) -> str:
        lowest = int(np.argmin(self.angles))
        return (
            "Interactive figure (it needs JavaScript): the readout weights W2 of one network "
            f"against its feedback weights B2 during noise training. The angle between them is "
            f"{self.angles[0]:.1f} degrees at step {self.steps[0]:,}, {self.angles[lowest]:.1f} at "
            f"its lowest (step {self.steps[lowest]:,}) and {self.angles[-1]:.1f} at step "
            f"{self.steps[-1]:,}; the loss goes from {self.losses[0]:.2f} to {self.losses[-1]:.2f}."
        )
