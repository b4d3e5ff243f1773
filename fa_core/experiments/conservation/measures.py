"""What the tables keep of the law: its terms as lengths along the feedback, and how exact it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from fa_core import metrics
from fa_core.history import Columns
from fa_core.networks import MLP


def rates(lr: float, ratio: float) -> tuple[float, float]:
    """Learning rates below and of the readout: ``ratio`` apart, of geometric mean ``lr``."""
    return lr * ratio**0.5, lr / ratio**0.5


def sgd(ratio: float) -> Callable[..., torch.optim.Optimizer]:
    """What makes plain gradient descent whose layers have the :func:`rates` of ``ratio``."""

    def make(parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        *below, weight, bias = parameters
        lr_in, lr_out = rates(lr, ratio)
        groups: list[dict[str, Any]] = [
            {"params": below, "lr": lr_in},
            {"params": [weight, bias], "lr": lr_out},
        ]
        return torch.optim.SGD(groups, lr=lr)

    return make


class Law:
    """The ledger of one hidden layer, summed over its units, in the unit of the readout's weights.

    Columns: ``aligned``, ``growth`` and ``walk`` times ``lr_out / |B|``, so that ``aligned`` is
    the length that W2 gained along B; ``length``, the norm of W2, all class-centred. ``misfit`` is
    the difference of the law's two sides, summed over units without its sign, as a share of growth
    and walk summed likewise.
    """

    def __init__(self, net: MLP, lr: float, ratio: float) -> None:
        lr_in, self._lr_out = rates(lr, ratio)
        self._law = metrics.Conservation(net, [lr_in, self._lr_out])
        self.update = self._law.update

    def __call__(self, net: Any, x: Tensor, y: Tensor) -> Columns:
        (ledger,) = self._law.ledgers()
        last = net.layers[-1]
        W, B = metrics.class_centred(last.weight), metrics.class_centred(last.feedback)
        unit = self._lr_out / torch.linalg.matrix_norm(B)
        misfit = (ledger.aligned - ledger.growth + ledger.walk).abs().sum(-1)
        turnover = (ledger.growth.abs() + ledger.walk).sum(-1)
        return {
            **{name: unit * term.sum(-1) for name, term in ledger._asdict().items()},
            "length": torch.linalg.matrix_norm(W),
            "misfit": misfit / turnover.clamp(min=torch.finfo(turnover.dtype).tiny),
        }


def angles(net: Any, x: Tensor, y: Tensor) -> Columns:
    """Angle (degrees) between the whole W2 and B2, raw and class-centred."""
    W, B = net.layers[-1].weight, net.layers[-1].feedback
    centred = metrics.class_centred(W), metrics.class_centred(B)
    return {
        "alignment_angle": metrics.alignment_angle(W, B),
        "centred_alignment_angle": metrics.alignment_angle(*centred),
    }
