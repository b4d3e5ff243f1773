"""Chapter 3: the singular spectrum of a weight matrix over training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from fa_core.widgets import _shapes
from fa_core.widgets._widget import Widget, pack


class SingularSpectrum(Widget):
    """Singular values over time, and the effective rank that the page computes from them.

    Args:
        steps: recorded steps, ``[t]``, increasing; noise steps before data may be negative.
        spectra: name of each network to its singular values, ``[t, r]``, largest first.
        ranks: name of each network of which the effective rank alone is known to it, ``[t]``. All
            names together are at most four, drawn in the colours of FA, noise then FA, BP and the
            quiet readout, in this order.
        source: what was run, on what and when: a line below the figure.

    The figure opens at the step where the effective ranks differ most.

    Raises:
        TypeError, ValueError: arguments that do not fit each other, or values not in order.
    """

    _module: ClassVar[str] = "spectrum.js"

    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    spectra: traitlets.List[Any] = traitlets.List().tag(sync=True)
    ranks: traitlets.List[Any] = traitlets.List().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        steps: ArrayLike,
        spectra: Mapping[str, ArrayLike],
        ranks: Mapping[str, ArrayLike] | None = None,
        source: str = "",
    ) -> None:
        recorded = _shapes.steps(steps, lowest=-math.inf)
        curves: dict[str, NDArray[np.float64]] = {}
        count: int | str = "r"
        known = dict(ranks or {})
        if twice := sorted(set(known) & set(spectra)):
            raise ValueError(f"ranks must name other networks than spectra, got {twice[0]!r}")
        for name, values in _shapes.named("spectra", spectra, 4 - len(known)).items():
            found = _shapes.array(f"spectra[{name!r}]", values, (len(recorded), count))
            if (found < 0).any() or (np.diff(found, axis=1) > 0).any() or not found[:, 0].all():
                raise ValueError(
                    f"spectra[{name!r}] must hold singular values, largest first and not all 0"
                )
            curves[name], count = found, found.shape[1]
        others = {
            name: _shapes.array(f"ranks[{name!r}]", values, (len(recorded),))
            for name, values in known.items()
        }
        of_spectra = {name: _effective_ranks(values) for name, values in curves.items()}
        self._ends = {
            name: (values[0], values[-1]) for name, values in (of_spectra | others).items()
        }
        super().__init__(
            steps=recorded,
            names=[*curves, *others],
            spectra=[pack(values, "float32") for values in curves.values()],
            ranks=[values.tolist() for values in others.values()],
            source=source,
        )

    def description(self) -> str:
        ranks = "; ".join(
            f"{name} from {first:.2f} to {last:.2f}" for name, (first, last) in self._ends.items()
        )
        return (
            "Interactive figure (it needs JavaScript): the singular values of a weight matrix "
            f"from step {self.steps[0]:,} to {self.steps[-1]:,}. Effective rank: {ranks}."
        )


def _effective_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = values / values.sum(1, keepdims=True)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    ranks: NDArray[np.float64] = np.exp(-(shares * logs).sum(1))
    return ranks
