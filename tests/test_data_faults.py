"""Damaged, exchanged or senseless data is refused by name, in every format alike."""

import bz2
import gzip
import re

import numpy as np
import pytest
import torch
from test_own_data import ARRAYS
from tiny_sets import SHAPES, idx, images, labels, md5, official, usps_text

from fa_core import data
from fa_core.data import DataNotFoundError, formats, load, shifts

PACKED = {"mnist gz": True, "mnist unpacked": False}
KINDS = (*PACKED, *sorted(SHAPES), "npz", "npz compressed")


def written(monkeypatch, root, kind):
    """Writes a good set of a kind; returns how to load it and its files."""
    if kind.startswith("npz"):
        (np.savez if kind == "npz" else np.savez_compressed)(root / "set.npz", **ARRAYS)
        return (lambda: load(root / "set.npz")), [root / "set.npz"]
    folder = official(monkeypatch, root, kind.split()[0], (10, 4), packed=PACKED.get(kind, True))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return (lambda: load(kind.split()[0], root)), files


def flipped(content, rng):
    at, bit = rng.integers(len(content)), 1 << rng.integers(8)
    return content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]


def truncated(content, rng):
    return content[: rng.integers(len(content))]


def overwritten(content, rng):
    at = rng.integers(len(content))
    return (content[:at] + rng.bytes(8) + content[at + 8 :])[: len(content)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_or_its_damage_changes_nothing(tmp_path, monkeypatch, kind):
    get, files = written(monkeypatch, tmp_path, kind)
    good, rng = get(), np.random.default_rng(0)
    error = ValueError if kind.startswith("npz") else DataNotFoundError
    refused = 0
    for trial in range(90):
        file = files[trial % len(files)]
        content = file.read_bytes()
        file.write_bytes((flipped, truncated, overwritten)[trial % 3](content, rng))
        try:
            again = get()
        except error as caught:
            assert type(caught) is error and file.name in str(caught)
            refused += 1
        else:
            for tensor in ("train_x", "train_y", "test_x", "test_y"):
                assert torch.equal(getattr(again, tensor), getattr(good, tensor))
        file.write_bytes(content)
    assert refused > 60


@pytest.mark.parametrize("kind", sorted({*PACKED, *SHAPES}))
def test_a_missing_file_is_named(tmp_path, monkeypatch, kind):
    get, files = written(monkeypatch, tmp_path, kind)
    for file in files:
        content = file.read_bytes()
        file.unlink()
        with pytest.raises(DataNotFoundError, match=re.escape(file.name)):
            get()
        file.write_bytes(content)


@pytest.mark.parametrize("packed", [True, False], ids=["gz", "unpacked"])
def test_images_of_one_set_with_labels_of_another_are_refused(tmp_path, monkeypatch, packed):
    mnist = official(monkeypatch, tmp_path, "mnist", packed=packed)
    reverse = lambda n: labels(n)[::-1].copy()  # noqa: E731
    fashion = official(monkeypatch, tmp_path, "fashion-mnist", packed=packed, labels=reverse)
    name = "train-labels-idx1-ubyte" + ".gz" * packed
    (fashion / "raw" / name).replace(mnist / "raw" / name)
    with pytest.raises(DataNotFoundError, match=rf"'mnist'.*{name}.*md5"):
        load("mnist", tmp_path)


def test_the_packed_file_is_read_where_both_lie(tmp_path, monkeypatch):
    raw = official(monkeypatch, tmp_path, "mnist") / "raw"
    good = load("mnist", tmp_path)
    (raw / "train-labels-idx1-ubyte").write_bytes(idx(9 - labels(40) % 10))
    assert torch.equal(load("mnist", tmp_path).train_y, good.train_y)


def test_an_unpacked_file_without_a_known_checksum_is_noted(tmp_path, monkeypatch):
    raw = official(monkeypatch, tmp_path, "kmnist", packed=False) / "raw"
    name = "train-images-idx3-ubyte"
    monkeypatch.delitem(formats.UNPACKED, ("KMNIST", name))
    assert load("kmnist", tmp_path).note == (
        f"{name} is unpacked, and its checksum unknown: only its size was checked"
    )
    for content in (idx(images(39, (2, 3))), idx(images(40, (3, 2))), idx(labels(40))):
        (raw / name).write_bytes(content)
        with pytest.raises(DataNotFoundError, match=r"kmnist.*(\(40, 2, 3\)|0x803)"):
            load("kmnist", tmp_path)


def test_the_known_unpacked_files_are_what_the_official_ones_hold():
    """Compared where FA_CORE_DATA names a folder that holds the official files."""
    assert len(set(formats.UNPACKED.values())) == 11
    for (folder, name), known in formats.UNPACKED.items():
        packed = data.default_root() / folder / "raw" / f"{name}.gz"
        if packed.is_file():
            assert md5(gzip.decompress(packed.read_bytes())) == known


@pytest.fixture
def usps(tmp_path, monkeypatch):
    """Writes the train file of a tiny USPS anew, from text, and loads the set."""
    folder = official(monkeypatch, tmp_path, "usps")

    def rewrite(text):
        (folder / "usps.bz2").write_bytes(bz2.compress(text.encode(), 1))
        return load("usps", tmp_path)

    return rewrite


USPS = usps_text(labels(40), images(40, (16, 16)))


def test_a_rebuilt_usps_file_is_the_same_set_and_noted(tmp_path, usps):
    official_one = load("usps", tmp_path)
    rebuilt = usps(USPS)
    assert official_one.note == "" and rebuilt.note.startswith("usps.bz2 is rebuilt")
    assert torch.equal(rebuilt.train_x, official_one.train_x)
    assert torch.equal(rebuilt.train_y, official_one.train_y)


@pytest.mark.parametrize(
    "old, new, message",
    [
        (" 1:-1.000000", " 1:nan", "between -1 and 1"),
        (" 1:-1.000000", " 1:-1.100000", "between -1 and 1"),
        (" 7:-1.000000", " 8:-1.000000", "256 pixels"),
        (" 256:-1.000000", "", "columns"),
        ("10 1:", "200 1:", "labels must be 1 to 10"),
        ("10 1:", "0 1:", "labels must be 1 to 10"),
        ("10 1:", "9.5 1:", "labels must be 1 to 10"),
        ("10 1:", "9 1:", r"\[4, 4, 4, 4, 4, 4, 4, 4, 5, 3\] images of the digits"),
        ("10 1:", "ten 1:", "ten"),
        (USPS, usps_text(labels(20), images(20, (16, 16))), "images of the digits"),
        (USPS, "", "no line"),
        (USPS, "\n", "no line"),
    ],
)
def test_a_usps_file_that_is_not_the_train_set_is_refused(usps, old, new, message):
    assert old in USPS
    with pytest.raises(DataNotFoundError, match=rf"usps\.bz2.*{message}"):
        usps(USPS.replace(old, new, 1))


@pytest.mark.parametrize("name", ["mnist", "usps", "stl10", "cifar10"])
def test_a_label_beyond_the_classes_is_refused_even_if_the_checksum_is_right(
    tmp_path, monkeypatch, name
):
    def labels(n):
        return np.array([20 if i == 3 else i % 10 for i in range(n)], np.uint8)

    official(monkeypatch, tmp_path, name, labels=labels)
    with pytest.raises(DataNotFoundError, match=r"train_labels.*0 to 9, got 0 to 20|1 to 10"):
        load(name, tmp_path)


@pytest.mark.parametrize("counts, shape", [((41, 20), (2, 3)), ((40, 20), (3, 2))])
def test_a_named_set_of_another_size_is_refused(tmp_path, monkeypatch, counts, shape):
    official(monkeypatch, tmp_path, "mnist")
    source = data.sources.SOURCES["mnist"]._replace(counts=counts, shape=shape)
    monkeypatch.setitem(data.sources.SOURCES, "mnist", source)
    with pytest.raises(DataNotFoundError, match=r"train images in .*MNIST must be"):
        load("mnist", tmp_path)


def test_nothing_is_unpickled_before_its_checksum_is_right(tmp_path, monkeypatch):
    folder = official(monkeypatch, tmp_path, "cifar10")
    monkeypatch.setattr("pickle.load", lambda *_, **__: pytest.fail("unpickled"))
    for file in folder.iterdir():
        content = file.read_bytes()
        file.write_bytes(content + b".")
        with pytest.raises(DataNotFoundError, match=f"{file.name}.*md5"):
            load("cifar10", tmp_path)
        file.write_bytes(content)


BAD_ARGUMENTS = [
    ({"root": 7}, TypeError, "root path 7"),
    ({"root": b"/data"}, TypeError, "root path b'/data'"),
    ({"root": ["a"]}, TypeError, "root path ['a']"),
    ({"root": False}, TypeError, "root path False"),
    ({"root": ""}, ValueError, "root path ''"),
    ({"root": "a\0b"}, ValueError, "root path 'a\\x00b'"),
    ({"root": "~no-such-user/data"}, ValueError, "root path '~no-such-user/data' home"),
    ({"download": "no"}, TypeError, "download True False 'no'"),
    ({"download": 1}, TypeError, "download True False 1"),
    ({"download": None}, TypeError, "download True False None"),
    ({"name": None}, ValueError, "name None digits"),
    ({"name": ["mnist"]}, ValueError, "name ['mnist'] digits"),
    ({"name": b"set.npz"}, ValueError, "name b'set.npz' digits"),
    ({"name": "a\0.npz"}, ValueError, "name path 'a\\x00.npz'"),
    ({"name": "~no-such-user/set.npz"}, ValueError, "name path '~no-such-user/set.npz' home"),
    ({"name": "a" * 5000 + ".npz"}, DataNotFoundError, "aaa.npz train_images"),
]


@pytest.mark.parametrize(
    "change, error, words", BAD_ARGUMENTS, ids=[case[-1] for case in BAD_ARGUMENTS]
)
def test_a_bad_argument_of_load_is_named_at_once(change, error, words):
    with pytest.raises(error) as caught:
        load(**{"name": "digits"} | change)
    assert not [word for word in words.split() if word not in str(caught.value)]


def test_a_bad_root_of_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("FA_CORE_DATA", "~no-such-user/data")
    with pytest.raises(ValueError, match=r"FA_CORE_DATA.*'~no-such-user/data'"):
        load("mnist")


@pytest.mark.parametrize(
    "device, error, words",
    [
        (0, TypeError, "device 0"),
        (None, TypeError, "device None"),
        ("gpu", ValueError, "device 'gpu' cuda"),
        ("cpu:-1", ValueError, "device 'cpu:-1'"),
        ("cuda:99", ValueError, "device 'cuda:99'"),
        (torch.device("cuda", 99), ValueError, "device cuda 99"),
    ],
)
def test_a_device_that_is_not_there_is_named(device, error, words):
    with pytest.raises(error) as caught:
        load("digits").to(device)
    assert not [word for word in words.split() if word not in str(caught.value)]


X = torch.rand(3, 49, generator=torch.Generator().manual_seed(0))
BAD_SHIFTS = [
    (lambda: shifts.rotate(X * torch.nan, 7, 3, background=0), ValueError, "x finite NaN"),
    (lambda: shifts.mnist_frame(X / 0, 7, background=0), ValueError, "x finite infinite"),
    (lambda: shifts.rotate(X, True, 3, background=0), TypeError, "side integer True"),
    (lambda: shifts.rotate(X, -7, 3, background=0), ValueError, "side at least 1 -7"),
    (lambda: shifts.rotate(X, 10**9, 3, background=0), ValueError, "x side 1000000000 (3, 49)"),
    (lambda: shifts.rotate(X, 7, 3, background=1e300), ValueError, "background 1e+300 3.4028"),
    (lambda: shifts.rotate(X.half(), 7, 3, background=7e4), ValueError, "background 65504 70000"),
    (lambda: shifts.mnist_frame(X, 7, background=None), TypeError, "background number None"),
    (lambda: shifts.mnist_frame(X, 7, background=-1e300), ValueError, "background -1e+300"),
    (lambda: shifts.rotate(X, 7, 1e39, background=0), ValueError, "degrees finite float32 1e+39"),
    (lambda: shifts.scale(X, 7, True, background=0), TypeError, "factor number True"),
    (lambda: shifts.scale(X, 7, X > 0, background=0), TypeError, "factor real bool"),
    (lambda: shifts.translate(X, 7, X[:, 0] * 1j, background=0), TypeError, "right real complex64"),
    (lambda: shifts.translate(X, 7, 0, X, background=0), ValueError, "down [3] (3, 49)"),
    (lambda: shifts.translate(X, 7, [1, 2], background=0), TypeError, "right number [1, 2]"),
]


@pytest.mark.parametrize("call, error, words", BAD_SHIFTS, ids=[case[-1] for case in BAD_SHIFTS])
def test_a_bad_argument_of_a_shift_is_named(call, error, words):
    with pytest.raises(error) as caught:
        call()
    missing = [word for word in words.split() if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("side", [6, 7])
def test_an_image_shrunk_to_nothing_leaves_background(side, dtype):
    x = torch.ones(1, side * side, dtype=dtype)
    gone = shifts.scale(x, side, 1e-40, background=2)
    assert (gone == 2).sum() == gone.numel() - side % 2  # the one pixel whose middle is the centre
