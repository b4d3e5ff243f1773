"""One number for each network: checked, and the interval of its mean."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

_RESAMPLES = 10_000


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


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % bias-corrected and accelerated bootstrap interval of the mean, seed 0."""
    mean, scale = values.mean(), np.ptp(values)
    if scale == 0:  # all networks agree to the last bit: nothing to resample
        return float(mean), float(mean)
    centred = (values - mean) / scale  # whatever its unit, its third power stays representable
    rng = np.random.default_rng(0)
    result = stats.bootstrap(
        (centred,), np.mean, n_resamples=_RESAMPLES, confidence_level=0.95, method="BCa", rng=rng
    )
    low, high = mean + scale * np.array(result.confidence_interval)
    return float(low), float(high)
