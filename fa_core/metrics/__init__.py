"""What the book measures. Every metric keeps the leading networks axis.

Index legend: p network, n sample, i input unit, o output unit, k class.
"""

from fa_core.metrics.angles import (
    alignment_angle,
    angle,
    class_centred,
    feedback_distance,
    neuron_angle,
)
from fa_core.metrics.conservation import Conservation, Ledger
from fa_core.metrics.credit import fa_layers, update_angle
from fa_core.metrics.modes import evaluating
from fa_core.metrics.ranks import effective_rank, gram_rank
from fa_core.metrics.readouts import (
    accuracy,
    chance_loss,
    cross_entropy,
    generalisation_gap,
    mean_cross_entropy,
    readout_probabilities,
)

__all__ = [
    "Conservation",
    "Ledger",
    "accuracy",
    "alignment_angle",
    "angle",
    "chance_loss",
    "class_centred",
    "cross_entropy",
    "effective_rank",
    "evaluating",
    "fa_layers",
    "feedback_distance",
    "generalisation_gap",
    "gram_rank",
    "mean_cross_entropy",
    "neuron_angle",
    "readout_probabilities",
    "update_angle",
]
