"""Checks on the arrays that widgets take; each error names argument, value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def array(name: str, value: ArrayLike, shape: tuple[int | str, ...]) -> NDArray[np.float64]:
    """``value`` as finite numbers of ``shape``, in which a word stands for any length from 1."""
    found = np.asarray(value, dtype=np.float64)
    wanted = f"[{', '.join(map(str, shape))}]"
    fits = found.ndim == len(shape) and all(
        have == want if isinstance(want, int) else have > 0
        for have, want in zip(found.shape, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} must have shape {wanted}, got {list(found.shape)}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite, but some of its numbers are NaN or infinite")
    return found


def steps(value: ArrayLike, name: str = "steps", lowest: float = 0) -> list[int]:
    """Recorded steps: at least 2 whole numbers, each larger than the one before."""
    found: NDArray[Any] = array(name, value, ("t",))
    if len(found) < 2 or (found != np.round(found)).any() or found[0] < lowest:
        bound = "" if lowest == -math.inf else f" from {lowest:g}"
        raise ValueError(f"{name} must be at least 2 whole numbers{bound}, got {found.tolist()}")
    if (np.diff(found) <= 0).any():
        raise ValueError(f"{name} must increase, got {found.tolist()}")
    return [int(step) for step in found]


def named(name: str, value: Mapping[str, Any], most: int | None = None) -> dict[str, Any]:
    """``value`` as a dict of at least one entry, and at most ``most``, under words."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{name} must be a dict with a word for each entry, got {value!r:.60}")
    if not value or (most is not None and len(value) > most):
        bound = "at least 1 entry" if most is None else f"1 to {most} entries"
        raise ValueError(f"{name} must have {bound}, got {len(value)}")
    return dict(value)
