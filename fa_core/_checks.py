"""Argument checks. Each error names the argument, the value and what is allowed."""

import math
import os
from collections.abc import Collection, Sequence
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch


def shown(value: object) -> str:
    """A value in one short line: arrays by kind and shape, all else by its beginning."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return f"{type(value).__name__} {value.dtype} of shape {tuple(value.shape)}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def integer(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """Returns ``value`` if it is an integer from ``minimum`` to ``maximum``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {shown(value)}")
    result = int(value)
    if result < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {result}")
    if maximum is not None and result > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {result}")
    return result


def pair(name: str, value: object, minimum: int) -> tuple[int, int]:
    """Returns ``value`` if it is two 32-bit integers of at least ``minimum``, or one twice."""
    most = 2**31 - 1
    if isinstance(value, str) or not isinstance(value, Sequence):
        one = integer(name, value, minimum, most)
        return one, one
    if len(value) != 2:
        raise ValueError(f"{name} must be one integer or a pair, got {shown(value)}")
    first, second = (integer(name, item, minimum, most) for item in value)
    return first, second


def number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> float:
    """Returns ``value`` if it is a finite number above ``above``, from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    try:
        result = float(value)
    except OverflowError:  # an integer of more than 308 digits
        result = math.inf
    if not math.isfinite(result) or result <= above or not least <= result <= most:
        bounds = {"above": above, "at least": least, "at most": most}
        named = " and".join(f" {word} {x:g}" for word, x in bounds.items() if math.isfinite(x))
        raise ValueError(f"{name} must be a finite number{named}, got {shown(value)}")
    return result


def choice(name: str, value: object, allowed: Collection[str]) -> str:
    """Returns ``value`` if it is one of the names in ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(sorted(allowed))}; got {shown(value)}")
    return value


def floating(name: str, value: object) -> torch.Tensor:
    """Returns ``value`` if it is a tensor of real floating-point numbers."""
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {kind}")
    return value


def generator(name: str, value: object) -> torch.Generator | None:
    """Returns ``value`` if it is a torch generator, or ``None``."""
    if value is not None and not isinstance(value, torch.Generator):
        raise TypeError(f"{name} must be a torch.Generator or None, got {value!r}")
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


def streams(name: str, value: object, networks: int | None) -> None:
    """Accepts a torch generator, ``None``, or a sequence with a generator for each network."""
    if not isinstance(value, Sequence):
        generator(name, value)
        return
    if not all(isinstance(stream, torch.Generator) for stream in value):
        raise TypeError(f"{name} must hold torch.Generators alone, got {shown(value)}")
    if len(value) != (networks or 1):
        raise ValueError(f"{name} must hold {networks or 1} generators, got {len(value)}")


def flag(name: str, value: object) -> bool:
    """Returns ``value`` if it is true or false, not something that merely counts as such."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def module(name: str, value: object) -> torch.nn.Module:
    """Returns ``value`` if it is a torch module."""
    if not isinstance(value, torch.nn.Module):
        raise TypeError(f"{name} must be a torch.nn.Module, got {shown(value)}")
    return value


def any_device(name: str, value: object) -> torch.device:
    """Returns ``value`` as a device, of any kind that is found here."""
    if not isinstance(value, str | torch.device):
        raise TypeError(f"{name} must be a torch.device or its name, got {shown(value)}")
    try:
        return torch.empty(0, device=value).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"{name} must be a device found here, got {value!r}: {reason}") from error


def device(name: str, value: object) -> torch.device:
    """Returns ``value`` as a device, if it is a CPU or a CUDA GPU that is there."""
    if not isinstance(value, str | torch.device):
        raise TypeError(f"{name} must be 'cpu' or 'cuda', got {shown(value)}")
    try:
        found = torch.device(value)
    except RuntimeError:
        found = torch.device("meta")  # no such device
    if found.type not in ("cpu", "cuda"):
        raise ValueError(f"{name} must be 'cpu' or 'cuda', got {str(value)!r}")
    count = torch.cuda.device_count()
    if found.type == "cuda" and (found.index or 0) >= count:
        raise ValueError(f"{name} must be one of the {count} CUDA devices here, got {str(value)!r}")
    return found


def memory(name: str, size: int) -> None:
    """Refuses what needs more memory (``size`` bytes) than the whole machine has.

    ``name`` is the argument that asks for it, with its value: ``"batch_size=10"``.
    """
    total = _physical_memory()
    if size > total:
        raise ValueError(
            f"{name} would need {size // 2**30:,} GiB of memory; "
            f"this machine has {total / 2**30:,.1f} GiB"
        )


def _physical_memory() -> float:
    if not hasattr(os, "sysconf"):  # Windows does not tell
        return math.inf
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
