"""Data sets as tensors: standardised, held whole, ready to live on the device."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fa_core import _checks
from fa_core.data import formats, sources
from fa_core.data.checks import KEYS, PARTS, Arrays, DataNotFoundError, checked


@dataclass(frozen=True)
class Dataset:
    """Images as rows, standardised by the train set's scalar mean and standard deviation.

    ``train_x``, ``test_x``: float32 ``[n, features]``; ``train_y``, ``test_y``: int64 ``[n]``;
    ``shape``: of one image, ``(channels, height, width)``; ``note``: what differs from the
    official set, if anything.
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    shape: tuple[int, ...]
    classes: int
    mean: float
    std: float
    note: str = ""

    def to(self, device: torch.device | str) -> Dataset:
        """The same set with its tensors on ``device``.

        Raises:
            TypeError, ValueError: not a device, or one that is not found here.
        """
        device = _checks.device("device", device)
        return dataclasses.replace(
            self,
            train_x=self.train_x.to(device),
            train_y=self.train_y.to(device),
            test_x=self.test_x.to(device),
            test_y=self.test_y.to(device),
        )


def default_root() -> Path:
    """Where sets lie when nothing else is said: FA_CORE_DATA, else a folder of the user's cache."""
    return _checks.path("FA_CORE_DATA", os.environ.get("FA_CORE_DATA") or "~/.cache/fa_core")


def load(name: str | Path, root: str | Path | None = None, download: bool = True) -> Dataset:
    """Loads a data set by name, or a set of your own from an ``.npz`` file.

    Every set is checked before it is used: the official files by their checksums, also where they
    lie in the root already; all sets by the shapes, labels and values they hold.

    Args:
        name: ``digits`` (8x8, comes with scikit-learn, needs no file), ``mnist``,
            ``fashion-mnist``, ``kmnist``, ``usps``, ``cifar10``, ``cifar100``, ``stl10``; or the
            path of an ``.npz`` with train_images, train_labels, test_images, test_labels: images
            ``[n, ...]``, real or boolean, and integer labels ``[n]`` that number the classes from
            0. The path is tried as it stands (from the working folder, if relative), then from the
            root. A leading ``~`` is the home folder, here as in ``root`` and ``FA_CORE_DATA``.
        root: folder in torchvision's layout; it may be read-only unless a set must be downloaded.
            Default: the environment variable ``FA_CORE_DATA``, else ``~/.cache/fa_core``.
        download: fetch a set that the root lacks, checksummed by torchvision.

    Returns:
        A :class:`Dataset`. Its ``note`` says what is not as published: ``kmnist`` is split
        8,000/2,000 by a fixed permutation of its official test set when the root holds that part
        alone; a file of ``usps`` may be rebuilt, with as many images of each digit.

    Raises:
        TypeError: ``root`` is not a path, or ``download`` not a boolean.
        ValueError: an unknown name, or an ``.npz`` that is damaged or whose arrays do not fit.
        DataNotFoundError: the set is not in the root, whole and undamaged, and could not be
            downloaded; or there is no such ``.npz``.
    """
    _checks.flag("download", download)
    named = None if root is None else _checks.path("root", root)
    if isinstance(name, str | Path) and str(name).endswith(".npz"):
        file = _own_file(_checks.path("name", name), named or default_root())
        return _dataset(file.stem, checked(file, formats.npz(file)), where=file)
    _checks.choice("name", name, {"digits", *sources.SOURCES})
    if name == "digits":
        return _dataset("digits", checked(Path("digits"), sources.digits(), classes=10))
    arrays, note = sources.torchvision_set(str(name), named or default_root(), download)
    return _dataset(str(name), arrays, note)


def _own_file(path: Path, root: Path) -> Path:
    """The file at ``path``, else at ``path`` below the root."""
    # os.path answers for every path; Path.is_file raises for one that is too long or forbidden.
    found = next((file for file in (path, root / path) if os.path.isfile(file)), None)
    if found is None:
        beside = "" if path.is_absolute() else f", nor {path} in the working folder"
        raise DataNotFoundError(
            f"no file {root / path}{beside}; name an .npz that holds {', '.join(KEYS)}"
        )
    return found


def _dataset(name: str, arrays: Arrays, note: str = "", where: Path | None = None) -> Dataset:
    """Standardises checked arrays."""
    train, test = arrays["train_images"], arrays["test_images"]
    mean, std = float(train.mean(dtype=np.float64)), float(train.std(dtype=np.float64))
    with np.errstate(all="ignore"):  # what float32 cannot hold is refused below
        rows = [
            torch.from_numpy((images - mean) / std).float().flatten(1) for images in (train, test)
        ]
    if not all(x.isfinite().all() for x in rows):
        raise ValueError(
            f"{where or name}: images must be finite in float32 when standardised, "
            f"but the train set's mean is {mean:g} and its standard deviation {std:g}"
        )
    labels = [torch.from_numpy(arrays[f"{part}_labels"]) for part in PARTS]
    shape = train.shape[1:]
    return Dataset(
        name=name,
        train_x=rows[0],
        train_y=labels[0],
        test_x=rows[1],
        test_y=labels[1],
        shape=(1, *shape) if len(shape) == 2 else shape,
        classes=int(max(y.max() for y in labels)) + 1,
        mean=mean,
        std=std,
        note=note,
    )
