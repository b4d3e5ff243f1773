"""Tiny sets in torchvision's formats, written below a root and declared official for a test."""

import bz2
import gzip
import hashlib
import pickle
from pathlib import Path

import numpy as np
from torchvision import datasets

from fa_core.data import formats
from fa_core.data.sources import SOURCES

SHAPES = {"usps": (16, 16), "stl10": (3, 96, 96), "cifar10": (3, 32, 32), "cifar100": (3, 32, 32)}


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def images(n: int, shape: tuple[int, ...]) -> np.ndarray:
    """Bytes ``[n, *shape]``; each image is filled with its index mod 256."""
    return np.broadcast_to((np.arange(n) % 256).reshape(-1, *[1] * len(shape)), (n, *shape)).astype(
        np.uint8
    )


def labels(n: int) -> np.ndarray:
    return (np.arange(n) % 10).astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    header = np.array([0x800 + array.ndim, *array.shape], ">u4")
    return header.tobytes() + array.tobytes()


def usps_text(labels: np.ndarray, images: np.ndarray) -> str:
    """Lines of libsvm's text; labels count from 1, pixels run from -1 to 1."""
    rows = (images.reshape(len(images), -1) / 127.5 - 1).round(6)
    return "".join(
        f"{label + 1} " + " ".join(f"{i}:{v:.6f}" for i, v in enumerate(row, 1)) + " \n"
        for label, row in zip(labels, rows, strict=True)
    )


def official(monkeypatch, root: Path, name: str, counts=(40, 20), packed=True, labels=labels):
    """Writes set ``name`` below ``root``, with ``counts`` images to train and to test on.

    Its checksums and sizes become the official ones until the test ends. Returns its folder.
    """
    source, shape = SOURCES[name], SHAPES.get(name, (2, 3))
    monkeypatch.setitem(SOURCES, name, source._replace(counts=counts, shape=shape))
    cls, folder = getattr(datasets, source.cls), root / source.folder
    parts = {
        part: (images(n, shape), labels(n))
        for part, n in zip(("train", "test"), counts, strict=True)
    }
    if name == "usps":
        made = _usps(monkeypatch, cls, parts)
    elif name == "stl10":
        made = _stl10(monkeypatch, cls, parts)
    elif name.startswith("cifar"):
        made = _cifar(monkeypatch, cls, parts)
    else:
        made = _mnist_like(monkeypatch, cls, parts, packed)
    for file, content in made.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return folder


def _mnist_like(monkeypatch, cls, parts, packed):
    plain = {}
    for prefix, (x, y) in zip(("train", "t10k"), parts.values(), strict=True):
        plain[f"{prefix}-images-idx3-ubyte"] = idx(x)
        plain[f"{prefix}-labels-idx1-ubyte"] = idx(y)
    zipped = {f"{name}.gz": gzip.compress(content, 1) for name, content in plain.items()}
    monkeypatch.setattr(cls, "resources", [(name, md5(zipped[name])) for name in zipped])
    known = {(cls.__name__, name): md5(content) for name, content in plain.items()}
    monkeypatch.setattr(formats, "UNPACKED", {**formats.UNPACKED, **known})
    return {f"raw/{name}": content for name, content in (zipped if packed else plain).items()}


def _usps(monkeypatch, cls, parts):
    names = {"train": "usps.bz2", "test": "usps.t.bz2"}
    made = {names[p]: bz2.compress(usps_text(y, x).encode()) for p, (x, y) in parts.items()}
    monkeypatch.setattr(
        cls, "split_list", {p: ["", name, md5(made[name])] for p, name in names.items()}
    )
    digits = {p: np.bincount(y, minlength=10)[:10].tolist() for p, (_, y) in parts.items()}
    monkeypatch.setattr(formats, "USPS_DIGITS", digits)
    return made


def _stl10(monkeypatch, cls, parts):
    made = {}
    for part, (x, y) in parts.items():
        made[f"{part}_X.bin"] = x.transpose(0, 1, 3, 2).tobytes()
        made[f"{part}_y.bin"] = (y + 1).tobytes()
        known = [[f"{part}_{kind}.bin", md5(made[f"{part}_{kind}.bin"])] for kind in "Xy"]
        monkeypatch.setattr(cls, f"{part}_list", known)
    return made


def _cifar(monkeypatch, cls, parts):  # pickled, for so torchvision reads it
    key = cls.meta["key"]
    made = {cls.meta["filename"]: pickle.dumps({key: list("0123456789")})}
    monkeypatch.setattr(cls, "meta", {**cls.meta, "md5": md5(made[cls.meta["filename"]])})
    for part, (x, y) in parts.items():
        batch = {"data": x.reshape(len(x), -1), "labels": y.tolist()}
        made[f"{part}_batch"] = pickle.dumps(batch)
        monkeypatch.setattr(cls, f"{part}_list", [[f"{part}_batch", md5(made[f"{part}_batch"])]])
    return made
