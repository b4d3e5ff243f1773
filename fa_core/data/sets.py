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
from fa_core.data import sources


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
        """The same set with its tensors on ``device``."""
        return dataclasses.replace(
            self,
            train_x=self.train_x.to(device),
            train_y=self.train_y.to(device),
            test_x=self.test_x.to(device),
            test_y=self.test_y.to(device),
        )


def default_root() -> Path:
    """Where sets lie when nothing else is said: FA_CORE_DATA, else a folder of the user's cache."""
    named = os.environ.get("FA_CORE_DATA")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "fa_core"


def load(name: str | Path, root: str | Path | None = None, download: bool = True) -> Dataset:
    """Loads a data set by name, or a set of your own from an ``.npz`` file.

    Args:
        name: ``digits`` (8x8, comes with scikit-learn, needs no file), ``mnist``,
            ``fashion-mnist``, ``kmnist``, ``usps``, ``cifar10``, ``cifar100``, ``stl10``; or the
            path of an ``.npz`` with train_images, train_labels, test_images, test_labels, images
            ``[n, ...]`` and integer labels ``[n]``.
        root: folder in torchvision's layout; it may be read-only unless a set must be downloaded.
            Default: the environment variable ``FA_CORE_DATA``, else ``~/.cache/fa_core``.
        download: fetch a set that the root lacks, checksummed by torchvision.

    Returns:
        A :class:`Dataset`. ``kmnist`` is split 8,000/2,000 by a fixed permutation of its official
        test set when the root holds that part alone; ``note`` then says so.

    Raises:
        ValueError: an unknown name, or an ``.npz`` whose arrays do not fit.
        DataNotFoundError: the set is not in the root and could not be downloaded.
    """
    if str(name).endswith(".npz"):
        return _dataset(Path(name).stem, sources.npz(Path(name)))
    _checks.choice("name", name, {"digits", *sources.SOURCES})
    if name == "digits":
        return _dataset("digits", sources.digits())
    folder = Path(root).expanduser() if root else default_root()
    arrays, note = sources.torchvision_set(str(name), folder, download)
    return _dataset(str(name), arrays, note)


def _dataset(name: str, arrays: sources.Arrays, note: str = "") -> Dataset:
    train, test = (arrays[f"{part}_images"].astype(np.float32) for part in ("train", "test"))
    mean, std = float(train.mean(dtype=np.float64)), float(train.std(dtype=np.float64))
    labels = {part: torch.as_tensor(arrays[f"{part}_labels"]).long() for part in ("train", "test")}
    rows = {
        part: torch.from_numpy((images - mean) / std).float().flatten(1)
        for part, images in (("train", train), ("test", test))
    }
    shape = train.shape[1:]
    return Dataset(
        name=name,
        train_x=rows["train"],
        train_y=labels["train"],
        test_x=rows["test"],
        test_y=labels["test"],
        shape=(1, *shape) if len(shape) == 2 else shape,
        classes=int(max(labels["train"].max(), labels["test"].max())) + 1,
        mean=mean,
        std=std,
        note=note,
    )
