"""Chapter 2: the race to an accuracy, with and without counting the noise steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd
import traitlets

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack


class Race(Widget):
    """Accuracy curves of up to four kinds of network; the reader sets the level to reach.

    Args:
        accuracy: name of each kind to its test accuracies from 0 to 1, a row for each recorded
            data step, a column for each network, as :func:`fa_core.results.tables.curve` gives
            them; drawn in the colours of FA, noise then FA, BP and the quiet readout, in this
            order.
        noise: name to the same over the noise steps made before the data; those left out made
            none.
        source: what was run, on what and when: a line below the figure.

    Raises:
        TypeError, ValueError: arguments that do not fit each other.
    """

    _module: ClassVar[str] = "race.js"

    runners: traitlets.List[Any] = traitlets.List().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        accuracy: Mapping[str, pd.DataFrame],
        noise: Mapping[str, pd.DataFrame] | None = None,
        source: str = "",
    ) -> None:
        given = _shapes.named("accuracy", accuracy, 4)
        before = dict(noise or {})
        if unknown := sorted(set(before) - set(given)):
            raise ValueError(f"noise must name curves of accuracy, got {unknown[0]!r}")
        for name, values in before.items():
            if (wanted := given[name].shape[1]) != (got := values.shape[1]):
                raise ValueError(
                    f"noise[{name!r}] must have the {wanted} networks of accuracy, got {got}"
                )
        super().__init__(
            runners=[
                {
                    "name": name,
                    "data": _phase(f"accuracy[{name!r}]", values),
                    "noise": _phase(f"noise[{name!r}]", before[name]) if name in before else None,
                }
                for name, values in given.items()
            ],
            source=source,
        )
        self._ends = {
            name: (values.index[-1], values.iloc[-1].mean()) for name, values in given.items()
        }

    def description(self) -> str:
        ends = ", ".join(
            f"{name} {100 * mean:.1f} % at step {step:,}"
            for name, (step, mean) in self._ends.items()
        )
        return (
            "Interactive figure (it needs JavaScript): test accuracy over data steps. "
            f"Means at the last: {ends}."
        )


def _phase(name: str, values: pd.DataFrame) -> dict[str, Any]:
    """Steps and accuracies ``[networks, steps]`` as the page takes them."""
    if not isinstance(values, pd.DataFrame):
        raise TypeError(f"{name} must be a DataFrame of steps by networks, got {values!r:.60}")
    steps = _shapes.steps(values.index, f"steps of {name}")
    if steps[0] != 0:
        raise ValueError(f"steps of {name} must begin at 0, got {steps[0]}")
    found = _shapes.array(name, values.T, ("networks", len(steps)))
    if found.min() < 0 or found.max() > 1:
        raise ValueError(f"{name} must lie between 0 and 1")
    return {"steps": steps, "accuracy": pack(found, "float32")}
