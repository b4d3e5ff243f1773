"""Writing files whole or not at all, and clearing away what a killed process left half written."""

from __future__ import annotations

import os
import re
from pathlib import Path

_UNFINISHED = re.compile(r"\.(?P<name>.+-(?P<key>[0-9a-f]{12})\.(csv|part))\.(?P<pid>\d+)\.tmp")


class StoreError(OSError):
    """A store that cannot be written; what it held before is intact."""


def write_whole(path: Path, text: str) -> None:
    """Writes a file, or replaces it, in one step.

    Raises:
        StoreError: it cannot be written; the one that was there before is intact.
    """
    make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            unfinished.write_bytes(text.encode("utf-8"))
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; what was stored before is intact"
        ) from error


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it; :class:`StoreError` says why it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made a folder: {error.strerror}") from error


def check_writable(folder: Path) -> None:
    """Makes the folder, and writes and removes an empty file there.

    Raises:
        StoreError: either fails; says why.
    """
    make_folder(folder)
    probe = folder / f".{os.getpid()}.probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StoreError(f"{folder} cannot be written to: {error.strerror}") from error


def remove_unfinished(folder: Path, name: str) -> None:
    """Removes what :func:`write_whole` left of files named ``NAME-KEY`` if its process is gone.

    The text must begin as a record of that key does, as far as it goes.
    """
    for path in folder.glob(f".{name}-*.tmp"):
        found = _UNFINISHED.fullmatch(path.name)
        if found and _is_gone(int(found["pid"])):
            start = f'{{"key": "{found["key"]}"'.encode()
            with path.open("rb") as file:
                known = start.startswith(file.read(len(start)))
            if known:
                remove(path)


def _is_gone(pid: int) -> bool:
    """Whether no process has this number; on Windows, where asking would end it, never."""
    if os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass
    return False


def remove(path: Path) -> None:
    """Removes a file, if it is still there; :class:`StoreError` says why it cannot."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be removed: {error.strerror}") from error
