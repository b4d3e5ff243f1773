"""What is recorded while a network trains, and the record itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fa_core import _checks, metrics

# A measure maps (net, x, y) to named columns, each [*networks].
Measure = Callable[[nn.Module, Tensor, Tensor], dict[str, Tensor]]


def _by_layer(name: str, values: Iterable[Tensor], first: int = 1) -> dict[str, Tensor]:
    return {f"{name}_{layer}": value for layer, value in enumerate(values, first)}


def _alignment_angle(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    # The first layer's feedback carries no error anywhere: its angle has no meaning.
    layers = metrics.fa_layers(net)[1:]
    angles = (metrics.alignment_angle(layer.weight, layer.feedback) for layer in layers)
    return _by_layer("alignment_angle", angles, first=2)


def _effective_rank(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    layers = metrics.fa_layers(net)
    return _by_layer("effective_rank", (metrics.effective_rank(layer.weight) for layer in layers))


def _update_angle(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    return _by_layer("update_angle", metrics.update_angle(net, x, y).unbind(-1))


MEASURES: dict[str, Measure] = {
    "loss": lambda net, x, y: {"loss": metrics.cross_entropy(net(x), y)},
    "accuracy": lambda net, x, y: {"accuracy": metrics.accuracy(net(x), y)},
    "alignment_angle": _alignment_angle,
    "effective_rank": _effective_rank,
    "update_angle": _update_angle,
    "readout": lambda net, x, y: _by_layer(
        "readout", metrics.readout_probabilities(net, x).unbind(-1), first=0
    ),
}


@dataclass
class History:
    """Metrics at recorded steps; step ``t`` is the state after ``t`` updates.

    ``history[name]`` is an array ``[records, *networks]``; ``history.names`` lists the names.
    """

    steps: list[int] = field(default_factory=list)
    _columns: dict[str, list[Tensor]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            raise KeyError(f"name must be one of {', '.join(self.names)}; got {name!r}")
        return torch.stack(self._columns[name]).cpu().numpy()

    def append(self, step: int, columns: dict[str, Tensor]) -> None:
        """Keeps ``columns`` on their device: recording forces no synchronisation."""
        self.steps.append(step)
        for name, value in columns.items():
            self._columns.setdefault(name, []).append(value.detach())

    def table(self) -> pd.DataFrame:
        """Tidy table: one row for each step, network and metric."""
        frames = []
        for name in self.names:
            values = self[name].reshape(len(self.steps), -1)
            index = pd.MultiIndex.from_product(
                [self.steps, range(values.shape[1])], names=["step", "network"]
            )
            frame = pd.DataFrame({"value": values.ravel()}, index=index).reset_index()
            frames.append(frame.assign(metric=name))
        columns = ["step", "network", "metric", "value"]
        return (
            pd.concat(frames, ignore_index=True)[columns]
            if frames
            else pd.DataFrame({c: [] for c in columns})
        )


def measure(item: str | Measure) -> Measure:
    """The measure that a name or function stands for."""
    return item if callable(item) else MEASURES[_checks.choice("record", item, MEASURES)]


def recorded_steps(record_at: Iterable[int] | None, steps: int) -> set[int]:
    """The steps to record, checked; by default 21 from 0 to ``steps``."""
    if record_at is None:
        return set(np.linspace(0, steps, 21).round().astype(int).tolist())
    if not isinstance(record_at, Iterable):
        raise TypeError(f"record_at must be an iterable of steps, got {record_at!r}")
    chosen = {_checks.integer("record_at", s, 0) for s in record_at}
    if chosen and max(chosen) > steps:
        raise ValueError(f"record_at must lie between 0 and steps={steps}, got {max(chosen)}")
    return chosen
