"""Where the images come from: scikit-learn, an .npz file, or torchvision's files below a root."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
KEYS = ("train_images", "train_labels", "test_images", "test_labels")
_PARTS = ("train", "test")


class DataNotFoundError(FileNotFoundError):
    """A data set is neither in the data root nor to be downloaded."""


def _split(images: NDArray[Any], labels: NDArray[Any], train: int) -> Arrays:
    """Splits by a permutation that is the same on every machine."""
    order = np.random.default_rng(0).permutation(len(images))
    first, rest = order[:train], order[train:]
    return dict(zip(KEYS, (images[first], labels[first], images[rest], labels[rest]), strict=True))


def digits() -> Arrays:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return _split(digits.images, digits.target, train=1400)


def npz(path: Path) -> Arrays:
    if not path.is_file():
        raise DataNotFoundError(f"no file {path}; name an .npz that holds {', '.join(KEYS)}")
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive]
            arrays = {key: archive[key] for key in KEYS if key in archive}
    except (ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} must be an .npz of plain numeric arrays, but reading it gave: {error}"
        ) from error
    if missing:
        raise ValueError(f"{path} must hold {', '.join(KEYS)}; it lacks {', '.join(missing)}")
    for part in _PARTS:
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if images.ndim < 2 or labels.shape != images.shape[:1] or len(images) == 0:
            raise ValueError(
                f"{path}: {part}_images must be [n, ...] and {part}_labels [n] with n > 0, "
                f"got {images.shape} and {labels.shape}"
            )
        if images.dtype.kind not in "biuf":
            raise ValueError(f"{path}: {part}_images must be real numbers, got {images.dtype}")
        if labels.dtype.kind not in "iu" or labels.min() < 0:
            raise ValueError(f"{path}: {part}_labels must be integers from 0, got {labels.dtype}")
        if not np.isfinite(images).all():
            raise ValueError(f"{path}: {part}_images must be finite, but some are NaN or infinite")
    if arrays["train_images"].shape[1:] != arrays["test_images"].shape[1:]:
        raise ValueError(f"{path}: train_images and test_images must be of one shape")
    if np.ptp(arrays["train_images"]) == 0:
        raise ValueError(f"{path}: train_images must vary, but all values are equal")
    return arrays


class Source(NamedTuple):
    """A torchvision data set: its class and the folder of its files below the data root."""

    cls: str
    folder: str


SOURCES = {
    "mnist": Source("MNIST", "MNIST"),
    "fashion-mnist": Source("FashionMNIST", "FashionMNIST"),
    "kmnist": Source("KMNIST", "KMNIST"),
    "usps": Source("USPS", "USPS"),
    "cifar10": Source("CIFAR10", "cifar-10-batches-py"),
    "cifar100": Source("CIFAR100", "cifar-100-python"),
    "stl10": Source("STL10", "stl10_binary"),
}


def torchvision_set(name: str, root: Path, download: bool) -> tuple[Arrays, str]:
    """Reads a set below ``root``, downloading it first if need be; returns arrays and a note."""
    source = SOURCES[name]
    folder = root / source.folder
    try:
        if download and not folder.is_dir():
            _download(source, root)
        if name == "kmnist" and not any((folder / "raw").glob("train-images*")):
            note = "official test set alone, split 8,000/2,000 by a fixed permutation"
            return _split(*_read(source, root, "test"), train=8000), note
        parts = [_read(source, root, part) for part in _PARTS]
    except (OSError, EOFError, RuntimeError, ValueError, AssertionError) as error:
        why = "the download failed" if download and not folder.is_dir() else "it cannot be read"
        raise DataNotFoundError(
            f"data set {name!r} is not complete in {folder}: {why} "
            f"({type(error).__name__}: {error}). "
            f"Set FA_CORE_DATA or root= to a folder that holds {source.folder}/ in torchvision's "
            f"layout, or connect to the network and call load({name!r}, root=FOLDER) with a "
            f"writable FOLDER that lacks {source.folder}/; load('digits') needs no file."
        ) from error
    return dict(zip(KEYS, (*parts[0], *parts[1]), strict=True)), ""


def _construct(source: Source, root: Path, part: str, download: bool) -> Any:
    """Makes torchvision's own object; it checks what it downloads against a checksum."""
    from torchvision import datasets

    if source.cls == "USPS":  # the one class that takes the folder itself
        root = root / source.folder
        if download:
            root.mkdir(exist_ok=True)
    which = part if source.cls == "STL10" else part == "train"
    return getattr(datasets, source.cls)(root, which, download=download)


def _download(source: Source, root: Path) -> None:
    """Downloads beside the final place and moves the finished folder there in one step."""
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as scratch:
        for part in _PARTS:
            _construct(source, Path(scratch), part, download=True)
        os.replace(Path(scratch, source.folder), root / source.folder)


def _read(source: Source, root: Path, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Images ``[n, h, w]`` or ``[n, c, h, w]`` and labels ``[n]``."""
    if source.cls in ("MNIST", "FashionMNIST", "KMNIST"):
        return _read_idx(root / source.folder / "raw", "train" if part == "train" else "t10k")
    loaded = _construct(source, root, part, download=False)
    images = np.asarray(loaded.data)
    if images.ndim == 4 and images.shape[-1] == 3:
        images = images.transpose(0, 3, 1, 2)
    return images, np.asarray(loaded.labels if source.cls == "STL10" else loaded.targets)


def _read_idx(raw: Path, prefix: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Reads one part of an MNIST-like set, packed or not, without writing into its folder."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    with tempfile.TemporaryDirectory() as scratch:

        def unpacked(name: str) -> str:
            if (raw / name).is_file():
                return str(raw / name)
            with gzip.open(raw / f"{name}.gz") as packed, open(Path(scratch, name), "wb") as file:
                shutil.copyfileobj(packed, file)
            return str(Path(scratch, name))

        images = read_image_file(unpacked(f"{prefix}-images-idx3-ubyte"))
        labels = read_label_file(unpacked(f"{prefix}-labels-idx1-ubyte"))
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images but {len(labels)} labels in {raw}")
    return images.numpy(), labels.numpy()
