"""One number for each network: checked, the interval of its mean, and the test of a region."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def sample(name: str, values: ArrayLike) -> np.ndarray:
    """One real number for each network."""
    try:
        found = np.ma.asanyarray(values) if np.ma.isMA(values) else np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged, or a tensor with a gradient
        raise TypeError(f"{name} must be a row of numbers; {error}; got {values!r}") from error
    if np.ma.is_masked(found):
        raise ValueError(f"{name} must have no masked number, got {found}")
    if found.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, got {found.dtype}: {values!r}")
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError(
            f"{name} must be finite numbers, one for each network, got shape {found.shape}: {found}"
        )
    return np.asarray(found, dtype=float)


def bound(name: str, value: object) -> float:
    """A bound, which may be infinite."""
    if isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def interval(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Mean over the last axis (networks) and the ends of its 95 % interval (Student's t).

    One network has no spread to judge by: its interval is the number itself.
    """
    n = values.shape[-1]
    mean = values.mean(-1)
    half = np.zeros_like(mean)
    if n > 1:
        half = stats.t.ppf(0.975, n - 1) * values.std(-1, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


def compared(treated: ArrayLike, control: ArrayLike) -> str:
    """How the mean of ``treated - control``, paired by network, lies to 0, in words.

    ``"higher by 2.81 (2.38 to 3.25)"`` gives the size of the mean and its 95 % interval; it is
    ``"not told apart"`` where that interval holds 0. Raises as :func:`sample`.
    """
    mean, *ends = map(float, interval(sample("treated", treated) - sample("control", control)))
    if min(ends) <= 0 <= max(ends):
        return "not told apart"
    low, high = sorted(map(abs, ends))
    return f"{'higher' if mean > 0 else 'lower'} by {abs(mean):.3g} ({low:.3g} to {high:.3g})"


def p_value(values: NDArray[Any], above: float, below: float) -> float:
    """Two-sided p-value of the verdict on the claim that the mean lies in a region (t test)."""
    n = len(values)
    error = values.std(ddof=1) / np.sqrt(n)

    def tail(distance: float) -> float:
        t = distance / error if error else math.copysign(math.inf, distance) if distance else 0.0
        return float(stats.t.sf(t, n - 1))

    return p_of_region(float(values.mean()), above, below, tail)


def p_of_region(
    estimate: float, above: float, below: float, tail: Callable[[float], float]
) -> float:
    """Two-sided p-value of the verdict that follows from where an estimate lies.

    It is below 0.05 where the whole 95 % interval lies inside the region, or outside of it; it then
    belongs to the test of inside against outside, or the reverse, whichever the estimate favours.
    ``tail`` is the chance of an estimate at least so far beyond the truth.
    """
    inside = max(tail(estimate - above), tail(below - estimate))
    outside = min(tail(above - estimate), tail(estimate - below))
    return min(2 * inside, 2 * outside, 1.0)
