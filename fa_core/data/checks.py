"""What makes data trustworthy: known checksums, files that can be read, arrays that fit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
PARTS = ("train", "test")
KEYS = ("train_images", "train_labels", "test_images", "test_labels")


class DataNotFoundError(FileNotFoundError):
    """A data set is not in the data root, whole and undamaged, nor to be downloaded."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Names the file in whatever error its reading ends.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: anything else. Damage makes gzip, bz2, zipfile and numpy raise a dozen types,
            ``zlib.error`` and ``tokenize.TokenError`` among them; no list of them is complete.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__}: {error})") from error


def checksum(content: bytes, known: str) -> None:
    """Compares a file's content with its known md5.

    Raises:
        ValueError: they differ.
    """
    found = md5(content)
    if found != known:
        raise ValueError(f"its md5 is {found}, but that of the official file is {known}")


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def checked(where: Path, arrays: Arrays, classes: int | None = None) -> Arrays:
    """The same arrays, images as float32 and labels as int64, if they make a data set.

    Args:
        where: the file or folder they come from, for the errors.
        arrays: images ``[n, ...]`` and labels ``[n]`` of both parts, by the names in ``KEYS``.
        classes: how many there are. Default: one more than the largest label, where at least half
            of so many occur; a damaged label stands far above the others.

    Raises:
        ValueError: shapes, types, labels or values do not fit.
    """
    made: Arrays = {}
    for part in PARTS:
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        made[f"{part}_images"] = _images(f"{where}: {part}_images", images)
        if labels.shape != images.shape[:1]:
            raise ValueError(
                f"{where}: {part}_images must be [n, ...] and {part}_labels [n], "
                f"got {images.shape} and {labels.shape}"
            )
        made[f"{part}_labels"] = _labels(f"{where}: {part}_labels", labels, classes)
    if made["train_images"].shape[1:] != made["test_images"].shape[1:]:
        raise ValueError(
            f"{where}: train_images and test_images must be of one shape, "
            f"got {made['train_images'].shape} and {made['test_images'].shape}"
        )
    if np.ptp(made["train_images"]) == 0:
        raise ValueError(f"{where}: train_images must vary, but all values are equal in float32")
    found = {label for part in PARTS for label in np.unique(made[f"{part}_labels"]).tolist()}
    if classes is None and 2 * len(found) < max(found) + 1:
        raise ValueError(
            f"{where}: labels must number the classes 0, 1, 2 and so on, "
            f"but the largest is {max(found)} and only {len(found)} different ones occur"
        )
    return made


def _images(name: str, images: NDArray[Any]) -> NDArray[np.float32]:
    if images.ndim < 2 or images.size == 0:
        raise ValueError(f"{name} must be [n, ...] with n > 0, got {images.shape}")
    if images.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got {images.dtype}")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
        cast = images.astype(np.float32)
    if not np.isfinite(cast).all():
        raise ValueError(f"{name} must be finite in float32, but some are NaN or too large")
    return cast


def _labels(name: str, labels: NDArray[Any], classes: int | None) -> NDArray[np.int64]:
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers from 0, got {labels.dtype}")
    low, high = int(labels.min()), int(labels.max())
    most = np.iinfo(np.int64).max if classes is None else classes - 1
    if low < 0 or high > most:
        raise ValueError(f"{name} must be integers from 0 to {most}, got {low} to {high}")
    return labels.astype(np.int64)
