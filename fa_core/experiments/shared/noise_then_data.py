"""The design that chapters 2 to 4 share: populations with and without noise, then data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import performance, record_steps
from fa_core.networks import MLP

# The conditions that most figures compare: name to rule, and whether noise comes before the data.
MAIN = {
    "FA": ("fa", False),
    "noise then FA": ("fa", True),
    "BP": ("bp", False),
    "noise then BP": ("bp", True),
}
QUIET = "quiet readout, FA"
_QUIET_FACTOR = 0.1  # on the readout's weights; it brings the readouts near 1/K, as noise does


@dataclass(frozen=True, kw_only=True)
class NoiseThenData:
    """What the configurations share; lengths are in steps."""

    data: str
    hidden: int
    networks: int
    noise_steps: int
    noise_lr: float
    steps: int  # on data
    lr: float  # on data
    records: int  # about so many of each data training
    batch_size: int = 64
    seed: int = 0

    def condition(self, rule: str = "fa", noise_steps: int = 0, **other: Any) -> Condition:
        """A condition of this configuration, but for the fields that are given."""
        fields: dict[str, Any] = {
            "data": self.data,
            "hidden": (self.hidden,),
            "noise_lr": self.noise_lr,
            "steps": self.steps,
            "lr": self.lr,
            "record": (performance,),
            **other,
        }
        if "record_at" not in fields:
            fields["record_at"] = record_steps(fields["steps"], self.records)
        return Condition(rule=rule, noise_steps=noise_steps, **fields)

    def main(self) -> dict[str, tuple[str, int]]:
        """Each name in ``MAIN`` to its rule and its number of noise steps."""
        return {name: (rule, noise * self.noise_steps) for name, (rule, noise) in MAIN.items()}


def noise_name(length: int) -> str:
    """Name of the condition with another number of noise steps."""
    return f"{length} noise steps then FA"


@torch.no_grad()
def quieten(net: MLP, seed: int) -> None:
    """Shrinks the readout's weights: nothing aligned, but no confident errors to unlearn."""
    net.layers[-1].weight.mul_(_QUIET_FACTOR)
