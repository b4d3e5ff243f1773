"""``fa-core doctor``: what decides whether the book runs here, and how fast."""

from __future__ import annotations

import importlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version

import torch

from fa_core import data
from fa_core.data import sources, torchvision_shim

PACKAGES = ("fa-core", "torch", "torchvision", "numpy", "matplotlib", "pandas", "anywidget")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _devices() -> str:
    names = [f"cpu ({os.cpu_count()} cores, {torch.get_num_threads()} threads)"]
    names += [
        f"cuda:{index} ({torch.cuda.get_device_name(index)})"
        for index in range(torch.cuda.device_count())
    ]
    return ", ".join(names)


def _torchvision_state() -> str:
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError) as error:
        return f"does not import: {error}"
    helped = torchvision_shim._library is not None
    return "a CUDA build beside a CPU torch; fa_core makes it work" if helped else "works"


def report() -> str:
    """Versions, devices, the state of torchvision, and which data sets are in the data root."""
    root = data.default_root()
    sets = {name: (root / source.folder).is_dir() for name, source in sources.SOURCES.items()}
    lines = {
        "python": f"{platform.python_version()}, {platform.platform()}",
        **{package: _version(package) for package in PACKAGES},
        "devices": _devices(),
        "torchvision's state": _torchvision_state(),
        "data root": f"{root} (set FA_CORE_DATA to name another)",
        "sets found": ", ".join(["digits", *(name for name, found in sets.items() if found)]),
        "not found": ", ".join(name for name, found in sets.items() if not found) or "none",
    }
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())
