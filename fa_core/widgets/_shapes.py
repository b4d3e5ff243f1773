"""Checks on the arrays that widgets take; each error names argument, value and what is allowed."""

from __future__ import annotations

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


def steps(value: ArrayLike) -> list[int]:
    """Recorded steps: whole numbers from 0 upward, each larger than the one before, at least 2."""
    found: NDArray[Any] = array("steps", value, ("t",))
    if len(found) < 2 or (found != np.round(found)).any() or found[0] < 0:
        raise ValueError(f"steps must be at least 2 whole numbers from 0, got {found.tolist()}")
    if (np.diff(found) <= 0).any():
        raise ValueError(f"steps must increase, got {found.tolist()}")
    return [int(step) for step in found]
