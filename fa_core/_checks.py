"""Argument checks. Each error names the argument, the value and what is allowed."""

import math
from collections.abc import Collection
from numbers import Integral, Real
from pathlib import Path

import torch


def integer(name: str, value: object, minimum: int) -> int:
    """Returns ``value`` if it is an integer of at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def number(name: str, value: object, *, above: float = -math.inf) -> float:
    """Returns ``value`` if it is a finite number greater than ``above``."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    value = float(value)
    if not math.isfinite(value) or value <= above:
        bound = "" if above == -math.inf else f" above {above:g}"
        raise ValueError(f"{name} must be a finite number{bound}, got {value}")
    return value


def choice(name: str, value: object, allowed: Collection[str]) -> str:
    """Returns ``value`` if it is one of the names in ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(sorted(allowed))}; got {value!r}")
    return value


def floating(name: str, value: object) -> torch.Tensor:
    """Returns ``value`` if it is a tensor of real floating-point numbers."""
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {kind}")
    return value


def flag(name: str, value: object) -> bool:
    """Returns ``value`` if it is True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def path(name: str, value: object) -> Path:
    """Returns ``value`` as a path, a leading ``~`` expanded."""
    if not isinstance(value, str | Path):
        raise TypeError(f"{name} must be a path, got {value!r}")
    if value == "" or "\0" in str(value):
        raise ValueError(f"{name} must be a path that can exist, got {value!r}")
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{name} must be a path, got {value!r}: {error}") from error


def any_device(name: str, value: object) -> torch.device:
    """Returns ``value`` as a device, of any kind that is found here."""
    if not isinstance(value, str | torch.device):
        raise TypeError(f"{name} must be a torch.device or its name, got {value!r}")
    try:
        return torch.empty(0, device=value).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"{name} must be a device found here, got {value!r}: {reason}") from error
