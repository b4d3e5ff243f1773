"""What is measured of a trained population, whatever its rule and its layers."""

from __future__ import annotations

from torch import Tensor, nn

from fa_core import metrics
from fa_core.metrics import fa_layers
from fa_core.rules import RULES, Matrices

_CREDIT_SAMPLES = 500  # of the test set, that update angles are taken on


def at_the_end(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Three measures that all methods have.

    ``angle`` (degrees) lies between the readout's weights and the matrix that carries its error,
    both class-centred. ``update_angle`` (degrees) lies between an update and that of BP, the mean
    over all layers but the last. ``rank`` is the effective rank of the first layer's weights.
    """
    layers = fa_layers(net)
    readout = Matrices.of(layers[-1])
    carrier = RULES[layers[-1].rule].carrier(readout)
    centred = metrics.class_centred
    updates = metrics.update_angle(net, x[:_CREDIT_SAMPLES], y[:_CREDIT_SAMPLES])
    return {
        "angle": metrics.alignment_angle(centred(readout.weight), centred(carrier)),
        "update_angle": updates[..., :-1].mean(-1),
        "rank": metrics.effective_rank(layers[0].weight),
    }
