"""Where the images come from: scikit-learn, or torchvision's files below a root."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fa_core.data import formats
from fa_core.data.checks import KEYS, PARTS, Arrays, DataNotFoundError, checked


class Source(NamedTuple):
    """A torchvision data set, as it should be.

    ``cls``: torchvision's class; ``folder``: of its files, below the data root; ``counts``: images
    to train and to test on; ``shape``: of one image; ``read``: reads one part.
    """

    cls: str
    folder: str
    counts: tuple[int, int]
    shape: tuple[int, ...]
    classes: int
    read: Callable[[Path, str, Any], formats.Part]


_MNIST_LIKE = ((60_000, 10_000), (28, 28), 10, formats.idx)
_CIFAR_LIKE = ((50_000, 10_000), (3, 32, 32))
SOURCES = {
    "mnist": Source("MNIST", "MNIST", *_MNIST_LIKE),
    "fashion-mnist": Source("FashionMNIST", "FashionMNIST", *_MNIST_LIKE),
    "kmnist": Source("KMNIST", "KMNIST", *_MNIST_LIKE),
    "usps": Source("USPS", "USPS", (7291, 2007), (16, 16), 10, formats.usps),
    "cifar10": Source("CIFAR10", "cifar-10-batches-py", *_CIFAR_LIKE, 10, formats.cifar),
    "cifar100": Source("CIFAR100", "cifar-100-python", *_CIFAR_LIKE, 100, formats.cifar),
    "stl10": Source("STL10", "stl10_binary", (5000, 8000), (3, 96, 96), 10, formats.stl10),
}


def digits() -> Arrays:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return _split(digits.images, digits.target, train=1400)


def torchvision_set(name: str, root: Path, download: bool) -> tuple[Arrays, str]:
    """Reads a set below ``root``, downloading it first if need be; returns arrays and a note.

    Raises:
        DataNotFoundError: a file is missing, damaged or another than the official one.
    """
    source = SOURCES[name]
    folder = root / source.folder
    try:
        if download and not folder.is_dir():
            _download(source, root)
        return _read(source, folder)
    # A broken download raises OSError, EOFError, RuntimeError, HTTPException, tarfile's own ...
    except Exception as error:
        why = "the download failed" if download and not folder.is_dir() else "it cannot be read"
        raise DataNotFoundError(
            f"data set {name!r} is not complete in {folder}: {why} "
            f"({type(error).__name__}: {error}). "
            f"Set FA_CORE_DATA or root= to a folder that holds {source.folder}/ in torchvision's "
            f"layout, or connect to the network and call load({name!r}, root=FOLDER) with a "
            f"writable FOLDER that lacks {source.folder}/; load('digits') needs no file."
        ) from error


def _download(source: Source, root: Path) -> None:
    """Downloads beside the final place; the finished, readable folder moves there in one step."""
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as scratch:
        for part in PARTS:
            _fetch(source, Path(scratch), part)
        _read(source, Path(scratch, source.folder))
        os.replace(Path(scratch, source.folder), root / source.folder)


def _fetch(source: Source, root: Path, part: str) -> None:
    """Has torchvision download a part, and all that comes with it."""
    if source.cls == "USPS":  # the one class that takes the folder itself
        root = root / source.folder
        root.mkdir(exist_ok=True)
    _torchvision_class(source)(
        root, part if source.cls == "STL10" else part == "train", download=True
    )


def _torchvision_class(source: Source) -> Any:
    from torchvision import datasets

    return getattr(datasets, source.cls)


def _read(source: Source, folder: Path) -> tuple[Arrays, str]:
    """Both parts, checked, and what is not as published."""
    if source.cls == "KMNIST" and not any((folder / "raw").glob("train-images*")):
        test = _part(source, folder, "test")
        arrays = _split(test.images, test.labels, train=8000)
        note = "official test set alone, split 8,000/2,000 by a fixed permutation"
    else:
        parts = [_part(source, folder, part) for part in PARTS]
        arrays = _arrays(*(array for part in parts for array in part[:2]))
        note = "; ".join(part.note for part in parts if part.note)
    return checked(folder, arrays, source.classes), note


def _part(source: Source, folder: Path, part: str) -> formats.Part:
    found = source.read(folder, part, _torchvision_class(source))
    expected = (source.counts[PARTS.index(part)], *source.shape)
    if found.images.shape != expected or found.labels.shape != expected[:1]:
        raise ValueError(
            f"the {part} images in {folder} must be {expected} and the labels {expected[:1]}, "
            f"got {found.images.shape} and {found.labels.shape}"
        )
    return found


def _split(images: NDArray[Any], labels: NDArray[Any], train: int) -> Arrays:
    """Splits by a permutation that is the same on every machine."""
    order = np.random.default_rng(0).permutation(len(images))
    first, rest = order[:train], order[train:]
    return _arrays(images[first], labels[first], images[rest], labels[rest])


def _arrays(*arrays: NDArray[Any]) -> Arrays:
    return dict(zip(KEYS, arrays, strict=True))
