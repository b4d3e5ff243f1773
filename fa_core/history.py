"""What is recorded while a network trains, and the record itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fa_core import _checks, metrics
from fa_core.layers import FALayer
from fa_core.rules import RULES, Matrices

Columns = Mapping[str, Tensor]  # name to values; one for each network, [*networks], in a table
# A measure maps (net, x, y) to columns.
Measure = Callable[[nn.Module, Tensor, Tensor], Columns]


def _by_layer(name: str, values: Iterable[Tensor], first: int = 1) -> Columns:
    return {f"{name}_{layer}": value for layer, value in enumerate(values, first)}


def _alignment_angle(net: nn.Module, x: Tensor, y: Tensor) -> Columns:
    # The first layer's feedback carries no error anywhere: its angle has no meaning.
    # Feedback of another shape than the weights, as in "dfa", has no angle to them.
    return {
        f"alignment_angle_{number}": metrics.alignment_angle(layer.weight, _carrier(layer))
        for number, layer in enumerate(metrics.fa_layers(net)[1:], 2)
        if layer.weight.shape == layer.feedback.shape
    }


def _carrier(layer: FALayer) -> Tensor:
    """What carries the error, of the weight's shape; under BP the feedback, which is a control."""
    rule = RULES[layer.rule]
    if not rule.reads_feedback:
        return layer.feedback
    return rule.carrier(Matrices.of(layer)).reshape(layer.weight.shape)


def _effective_rank(net: nn.Module, x: Tensor, y: Tensor) -> Columns:
    layers = metrics.fa_layers(net)
    return _by_layer("effective_rank", (metrics.effective_rank(layer.weight) for layer in layers))


def _update_angle(net: nn.Module, x: Tensor, y: Tensor) -> Columns:
    return _by_layer("update_angle", metrics.update_angle(net, x, y).unbind(-1))


def _readout(logits: Tensor, y: Tensor) -> Columns:
    return _by_layer("readout", logits.softmax(-1).mean(-2).unbind(-1), first=0)


# Measures of logits and labels alone: one forward pass serves them all.
_OF_LOGITS: dict[str, Callable[[Tensor, Tensor], Columns]] = {
    "loss": lambda logits, y: {"loss": metrics.cross_entropy(logits, y)},
    "accuracy": lambda logits, y: {"accuracy": metrics.accuracy(logits, y)},
    "readout": _readout,
}
_OF_NET: dict[str, Measure] = {
    "alignment_angle": _alignment_angle,
    "effective_rank": _effective_rank,
    "update_angle": _update_angle,
}
_APART = 5  # steps, at least, between two records that nobody asked for
MEASURES = (*_OF_LOGITS, *_OF_NET)


def take(measures: Sequence[str | Measure], net: nn.Module, x: Tensor, y: Tensor) -> Columns:
    """The columns of all ``measures`` of ``net``, as it is, on the samples ``x`` with labels ``y``.

    Raises:
        TypeError: a measure that returns no dictionary of columns.
        ValueError: two measures that return a column of the same name.
    """
    logits: Tensor | None = None
    columns: dict[str, Tensor] = {}
    for item in measures:
        if not isinstance(item, str):
            new = item(net, x, y)
        elif item in _OF_NET:
            new = _OF_NET[item](net, x, y)
        else:
            if logits is None:
                with torch.no_grad():
                    logits = net(x)
            new = _OF_LOGITS[item](logits, y)
        if not isinstance(new, Mapping):
            raise TypeError(
                f"record must hold functions that return a dictionary of columns, but {item!r} "
                f"returned {_checks.shown(new)}"
            )
        twice = columns.keys() & new.keys()
        if twice:
            raise ValueError(
                f"record must give every column once, but {item!r} returns "
                f"{', '.join(map(repr, twice))} again"
            )
        columns |= new
    return columns


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
        if not isinstance(name, str) or name not in self._columns:
            raise KeyError(
                f"name must be one of {', '.join(self.names)}; got {_checks.shown(name)}"
            )
        return torch.stack(self._columns[name]).cpu().numpy()

    def append(self, step: int, columns: Columns) -> None:
        """Copies ``columns`` on their device: recording forces no synchronisation.

        Raises:
            TypeError: a step that is no integer, or columns that do not map names to tensors.
            ValueError: a step below 0, or columns whose names or shapes are not those of the steps
                before; nothing is kept then.
        """
        step = _checks.integer("step", step, 0)
        if not isinstance(columns, Mapping):
            raise TypeError(f"columns must map names to tensors, got {_checks.shown(columns)}")
        for name, value in columns.items():
            if not isinstance(name, str) or not isinstance(value, Tensor):
                raise TypeError(
                    f"columns must map names to tensors, got {_checks.shown(name)}: "
                    f"{_checks.shown(value)}"
                )
        if self.steps:
            self._require_same(step, columns)
        self.steps.append(step)
        for name, value in columns.items():
            # A copy: what a measure returns may be a view of weights that training goes on moving.
            self._columns.setdefault(name, []).append(value.detach().clone())

    def _require_same(self, step: int, columns: Columns) -> None:
        shapes = {name: tuple(values[0].shape) for name, values in self._columns.items()}
        given = {name: tuple(value.shape) for name, value in columns.items()}
        differ = [name for name in {**shapes, **given} if shapes.get(name) != given.get(name)]
        if differ:
            listed = "; ".join(
                f"{name}: {given.get(name, 'none')}, before {shapes.get(name, 'none')}"
                for name in differ
            )
            raise ValueError(
                f"columns must have the names and shapes of step {self.steps[0]} at every step, "
                f"but differ at step {step}: {listed}"
            )

    def table(self) -> pd.DataFrame:
        """Tidy table: one row for each step, network and metric.

        Raises:
            ValueError: columns that are not all ``[*networks]``, such as recorded weights.
        """
        shapes = {name: tuple(values[0].shape) for name, values in self._columns.items()}
        if len(set(shapes.values())) > 1 or any(len(shape) > 1 for shape in shapes.values()):
            raise ValueError(
                f"columns must all be [*networks] to be put into a table, got {shapes}"
            )
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


def checked_measures(record: object) -> list[str | Measure]:
    """The names and functions to record, checked; one alone counts as a list of one."""
    items = [record] if isinstance(record, str) or callable(record) else record
    if not isinstance(items, Sequence):
        raise TypeError(
            f"record must list names and functions (net, x, y) -> columns, "
            f"got {_checks.shown(record)}"
        )
    return [item if callable(item) else _checks.choice("record", item, MEASURES) for item in items]


def recorded_steps(record_at: Iterable[int] | None, steps: int) -> set[int]:
    """The steps to record, checked; by default 21 from 0 to ``steps``, fewer in a short run.

    A record costs about as much as two steps: more of them would cost more than a third of the run.
    """
    if record_at is None:
        intervals = min(20, -(-steps // _APART))
        return set(np.linspace(0, steps, intervals + 1).round().astype(int).tolist())
    # An array of no dimension has the method of an iterable, but no items.
    if not isinstance(record_at, Iterable) or getattr(record_at, "ndim", 1) == 0:
        raise TypeError(f"record_at must be an iterable of steps, got {_checks.shown(record_at)}")
    chosen = set()
    for step in record_at:
        chosen.add(_checks.integer("record_at", step, 0))
        if step > steps:
            raise ValueError(f"record_at must lie between 0 and steps={steps}, got {step}")
    return chosen
