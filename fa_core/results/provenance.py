"""Where a result comes from: the code that was there, the machine, the versions."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch

_PACKAGE = Path(__file__).parent.parent
# Rooms that decide no number: they keep, show, ask. All others count, new ones too.
_IDLE = {"results", "show", "widgets", "cli.py", "doctor.py"}


@cache
def code_version() -> str:
    """A hash over the source of the rooms that decide numbers.

    It says which code computed a table; no table is looked for by it.
    """
    digest = hashlib.sha256()
    for file in sorted(_PACKAGE.rglob("*.py")):
        name = file.relative_to(_PACKAGE)
        if name.parts[0] not in _IDLE:
            text = file.read_text(encoding="utf-8")  # line ends are those of no system
            digest.update(f"{name.as_posix()}\0{text}\0".encode())
    return digest.hexdigest()[:12]


def device(name: str) -> str:
    """The kind of device, and its model where that is known.

    Raises:
        ValueError: no device is called so.
    """
    try:
        kind = torch.device(name).type
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"device must be one that torch knows, such as cpu; got {name!r}"
        ) from error
    if kind == "cuda":
        return f"cuda ({torch.cuda.get_device_name(name)})"
    return f"{name} ({platform.machine()})"


def versions() -> dict[str, str]:
    """Versions of what computed the numbers."""
    packages = {name: version(name) for name in ("fa-core", "torch", "numpy")}
    return {"python": platform.python_version(), **packages}


def commit() -> str | None:
    """The commit of the source, with ``+`` if files differ from it; ``None`` outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(_PACKAGE), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", ".")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
