"""Reads one part of a data set from its files, each compared with its known checksum first.

The official checksums are those that torchvision compares its downloads with. Each reader takes the
set's folder, ``train`` or ``test``, and torchvision's class, and raises FileNotFoundError or
ValueError, which name the file.
"""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fa_core.data.checks import KEYS, Arrays, checksum, md5, reading

# What the official .gz files hold: the md5 of each file that torchvision unpacks and leaves beside.
# Of KMNIST's train images none is known here.
UNPACKED = {
    ("MNIST", "train-images-idx3-ubyte"): "6bbc9ace898e44ae57da46a324031adb",
    ("MNIST", "train-labels-idx1-ubyte"): "a25bea736e30d166cdddb491f175f624",
    ("MNIST", "t10k-images-idx3-ubyte"): "2646ac647ad5339dbf082846283269ea",
    ("MNIST", "t10k-labels-idx1-ubyte"): "27ae3e4e09519cfbb04c329615203637",
    ("FashionMNIST", "train-images-idx3-ubyte"): "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    ("FashionMNIST", "train-labels-idx1-ubyte"): "9018921c3c673c538a1fc5bad174d6f9",
    ("FashionMNIST", "t10k-images-idx3-ubyte"): "8181f5470baa50b63fa0f6fddb340f0a",
    ("FashionMNIST", "t10k-labels-idx1-ubyte"): "15d484375f8d13e6eb1aabb0c3f46965",
    ("KMNIST", "train-labels-idx1-ubyte"): "949e75301f8813e0dc5800dcc320fc52",
    ("KMNIST", "t10k-images-idx3-ubyte"): "bf305b8cd328700fbc17f5acbc2856d2",
    ("KMNIST", "t10k-labels-idx1-ubyte"): "9f55f451c0988b028eccdf7d5cc265ab",
}
# Images of each digit, 0 to 9 (Hastie, Tibshirani and Friedman 2009, data "ZIP code").
USPS_DIGITS = {
    "train": [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644],
    "test": [359, 264, 198, 166, 200, 160, 170, 147, 166, 177],
}


class Part(NamedTuple):
    """Images ``[n, h, w]`` or ``[n, c, h, w]``, labels ``[n]``, and what is not as published."""

    images: NDArray[Any]
    labels: NDArray[Any]
    note: str = ""


def idx(folder: Path, part: str, cls: Any) -> Part:
    """An MNIST-like set, packed or not, read without writing into its folder."""
    prefix = "train" if part == "train" else "t10k"
    images, unknown = _idx_file(folder / "raw", f"{prefix}-images-idx3-ubyte", 3, cls)
    labels, _ = _idx_file(folder / "raw", f"{prefix}-labels-idx1-ubyte", 1, cls)
    return Part(images, labels, unknown)


def _idx_file(raw: Path, name: str, dimensions: int, cls: Any) -> tuple[NDArray[np.uint8], str]:
    """The array in a file, and a note where its checksum is not known.

    The packed file is read where both lie there: its checksum is published.
    """
    plain, packed = raw / name, raw / f"{name}.gz"
    path = plain if plain.is_file() and not packed.is_file() else packed
    note = ""
    with reading(path):
        content = path.read_bytes()
        if path == packed:
            checksum(content, dict(cls.resources)[packed.name])
            content = gzip.decompress(content)
        elif known := UNPACKED.get((cls.__name__, name)):
            checksum(content, known)
        else:
            note = f"{name} is unpacked, and its checksum unknown: only its size was checked"
        header = np.frombuffer(content, ">u4", 1 + dimensions).tolist()
        if header[0] != 0x800 + dimensions:  # 8: unsigned bytes
            raise ValueError(f"it begins with {header[0]:#x}, not with {0x800 + dimensions:#x}")
        return np.frombuffer(content, np.uint8, offset=4 * len(header)).reshape(header[1:]), note


def usps(folder: Path, part: str, cls: Any) -> Part:
    """USPS as libsvm's text, packed: a line is ``label 1:value ... 256:value``.

    A file whose text is not the official one to the byte may still be the same set, written anew.
    It is told from a damaged file (bz2 compares checksums of its own), and from the test file under
    another name, by what it holds: as many images of each digit as published, every pixel in its
    place. ``note`` then says so.
    """
    _, name, official = cls.split_list[part]
    path, note = folder / name, ""
    with reading(path):
        content = path.read_bytes()
        text = bz2.decompress(content).replace(b":", b" ")
        if not text or text.isspace():
            raise ValueError("it holds no line")
        table = np.loadtxt(io.BytesIO(text), comments=None, ndmin=2)
        numbers, places, values = table[:, 0], table[:, 1::2], table[:, 2::2]
        if values.shape[1] != 256 or not (places == np.arange(1, 257)).all():
            raise ValueError("a line must be a label and 256 pixels, 1:value to 256:value")
        if not (np.abs(values) <= 1).all():  # NaN too
            raise ValueError("its pixels must lie between -1 and 1")
        if not np.isin(numbers, np.arange(1, 11)).all():
            raise ValueError("its labels must be 1 to 10")
        labels = numbers.astype(np.int64) - 1
        if md5(content) != official:
            digits = np.bincount(labels, minlength=10).tolist()
            if digits != USPS_DIGITS[part]:
                raise ValueError(
                    f"its md5 is not that of the official file, {official}, and it holds {digits} "
                    f"images of the digits 0 to 9, not {USPS_DIGITS[part]}"
                )
            note = (
                f"{name} is rebuilt: by its checksum it is not the official file, but it holds as "
                "many images of each digit, and all their pixels"
            )
    # As torchvision makes bytes of them: in float32, rounded down.
    pixels = ((values.astype(np.float32) + 1) / 2 * 255).astype(np.uint8)
    return Part(pixels.reshape(-1, 16, 16), labels, note)


def stl10(folder: Path, part: str, cls: Any) -> Part:
    """STL-10's binary files; the unlabelled images are not needed, nor are they read."""
    known = dict(cls.train_list if part == "train" else cls.test_list)
    images, labels = (
        np.frombuffer(_verified(folder / name, known[name]), np.uint8)
        for name in (f"{part}_X.bin", f"{part}_y.bin")
    )
    columns = images.reshape(-1, 3, 96, 96)  # each image is stored column after column
    return Part(columns.transpose(0, 1, 3, 2), labels.astype(np.int64) - 1)


def cifar(folder: Path, part: str, cls: Any) -> Part:
    """CIFAR as torchvision reads it: pickled, so nothing is opened before its checksum is right."""
    for name, known in (*cls.train_list, *cls.test_list, (cls.meta["filename"], cls.meta["md5"])):
        _verified(folder / name, known)
    with reading(folder):
        loaded = cls(folder.parent, train=part == "train", download=False)
        return Part(np.asarray(loaded.data).transpose(0, 3, 1, 2), np.asarray(loaded.targets))


def _verified(path: Path, known: str) -> bytes:
    """The content of a file, which must have the known checksum."""
    with reading(path):
        content = path.read_bytes()
        checksum(content, known)
    return content


def npz(path: Path) -> Arrays:
    """The arrays of a reader's own set.

    Members are read whole, so that zipfile compares each with its checksum; numpy alone stops
    where an array ends, and takes a damaged header for another, smaller array.
    """
    with reading(path), zipfile.ZipFile(path) as archive:
        held = set(archive.namelist())
        members = {key: archive.read(f"{key}.npy") for key in KEYS if f"{key}.npy" in held}
        arrays = {
            key: np.lib.format.read_array(io.BytesIO(member), allow_pickle=False)
            for key, member in members.items()
        }
    if missing := [key for key in KEYS if key not in arrays]:
        raise ValueError(f"{path} must hold {', '.join(KEYS)}; it lacks {', '.join(missing)}")
    return arrays
