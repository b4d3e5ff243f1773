"""load() by name: the embedded set, files in torchvision's layout, and clear refusals."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from fa_core import MLP, data, train
from fa_core.data import DataNotFoundError, load

ROOT = os.environ.get("FA_CORE_DATA")


def test_digits_are_split_once_and_for_all_and_standardised_by_the_train_set():
    digits = load("digits")
    assert digits.train_x.shape == (1400, 64) and digits.test_x.shape == (397, 64)
    assert (digits.shape, digits.classes, digits.note) == ((1, 8, 8), 10, "")
    assert digits.train_x.dtype == torch.float32 and digits.train_y.dtype == torch.int64
    assert digits.train_x.mean().abs() < 1e-6 and (digits.train_x.std() - 1).abs() < 1e-3
    assert digits.test_x.mean() != 0  # the test set does not standardise itself
    assert digits.train_y[:8].tolist() == [6, 6, 6, 2, 5, 6, 6, 2]  # the same on every machine
    assert torch.equal(load("digits").train_x, digits.train_x)
    pixels = torch.cat([digits.train_x, digits.test_x]) * digits.std + digits.mean
    assert pixels.min().abs() < 1e-5 and (pixels.max() - 16).abs() < 1e-5
    assert len(pixels.round().unique(dim=0)) > 1700  # train and test share no image


def write_idx(raw: Path, part: str, n: int, packed: bool = True):
    """Writes ``n`` images of 2 x 3 pixels, each filled with its index mod 256, labels mod 10."""
    raw.mkdir(parents=True, exist_ok=True)
    pixels = np.repeat(np.arange(n) % 256, 6).astype(np.uint8)
    labels = (np.arange(n) % 10).astype(np.uint8)
    for name, header, body in (
        (f"{part}-images-idx3-ubyte", (0x803, n, 2, 3), pixels),
        (f"{part}-labels-idx1-ubyte", (0x801, n), labels),
    ):
        content = np.array(header, ">i4").tobytes() + body.tobytes()
        if packed:
            (raw / f"{name}.gz").write_bytes(gzip.compress(content, 1))
        else:
            (raw / name).write_bytes(content)


@pytest.fixture
def read_only(tmp_path):
    """Makes the folder read-only, and checks afterwards that nothing in it has changed."""

    def listing():
        return {path: path.stat().st_mtime_ns for path in (tmp_path, *tmp_path.rglob("*"))}

    def freeze():
        for path in tmp_path.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before.update(listing())
        return tmp_path

    before = {}
    yield freeze
    assert listing() == before
    for path in tmp_path.rglob("*"):
        path.chmod(0o755)


@pytest.mark.parametrize("packed", [True, False], ids=["gz", "unpacked"])
@pytest.mark.parametrize("name, folder", [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_a_read_only_root_is_read_as_it_is(tmp_path, read_only, monkeypatch, name, folder, packed):
    for part, n in (("train", 40), ("t10k", 20)):
        write_idx(tmp_path / folder / "raw", part, n, packed)
    monkeypatch.setenv("FA_CORE_DATA", str(read_only()))
    tiny = load(name)
    assert (tiny.name, tiny.shape, tiny.classes, tiny.note) == (name, (1, 2, 3), 10, "")
    assert tiny.train_x.shape == (40, 6) and tiny.test_x.shape == (20, 6)
    assert tiny.train_y.tolist() == [i % 10 for i in range(40)]
    pixels = tiny.test_x * tiny.std + tiny.mean
    torch.testing.assert_close(pixels[:, 0], torch.arange(20.0), rtol=0, atol=1e-4)


def test_kmnist_alone_with_its_test_set_is_split_and_says_so(tmp_path, read_only):
    write_idx(tmp_path / "KMNIST" / "raw", "t10k", 10_000)
    kmnist = load("kmnist", root=read_only(), download=False)
    assert len(kmnist.train_x) == 8000 and len(kmnist.test_x) == 2000
    assert "official test set" in kmnist.note and "8,000/2,000" in kmnist.note
    values = torch.cat([kmnist.train_x, kmnist.test_x])[:, 0] * kmnist.std + kmnist.mean
    every = torch.arange(10_000) % 256
    assert torch.equal(values.round().long().sort().values, every.sort().values)
    assert not torch.equal(kmnist.train_y[:100], torch.arange(100) % 10)  # permuted
    assert torch.equal(kmnist.train_y, load("kmnist", tmp_path, download=False).train_y)


def test_kmnist_with_its_train_set_is_the_official_one(tmp_path):
    for part, n in (("train", 40), ("t10k", 20)):
        write_idx(tmp_path / "KMNIST" / "raw", part, n)
    kmnist = load("kmnist", tmp_path, download=False)
    assert (len(kmnist.train_x), len(kmnist.test_x), kmnist.note) == (40, 20, "")


@pytest.mark.parametrize("name", sorted(data.sources.SOURCES))
def test_a_missing_set_is_named_with_the_folder_and_a_way_out(tmp_path, name):
    with pytest.raises(DataNotFoundError) as caught:
        load(name, root=tmp_path, download=False)
    folder = tmp_path / data.sources.SOURCES[name].folder
    for word in (repr(name), str(folder), "FA_CORE_DATA", "root=", f"load({name!r}"):
        assert word in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["labels missing", "cut off", "counts differ"])
def test_a_damaged_set_is_refused(tmp_path, damage):
    raw = tmp_path / "MNIST" / "raw"
    for part, n in (("train", 40), ("t10k", 20)):
        write_idx(raw, part, n)
    labels = raw / "train-labels-idx1-ubyte.gz"
    if damage == "labels missing":
        labels.unlink()
    elif damage == "cut off":
        labels.write_bytes(labels.read_bytes()[:-9])
    else:
        (tmp_path / "other").mkdir()
        write_idx(tmp_path / "other", "train", 39)
        (tmp_path / "other" / labels.name).replace(labels)
    with pytest.raises(DataNotFoundError, match=r"'mnist'.*MNIST"):
        load("mnist", tmp_path)


def test_a_failed_download_leaves_no_half_set(tmp_path, monkeypatch):
    def fail(source, root, part, download):
        Path(root, source.folder, "raw").mkdir(parents=True)
        raise RuntimeError("no network")

    monkeypatch.setattr(data.sources, "_construct", fail)
    with pytest.raises(DataNotFoundError, match=r"download failed.*no network"):
        load("mnist", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_download_is_moved_to_its_place_whole(tmp_path, monkeypatch):
    def fetch(source, root, part, download):
        write_idx(root / source.folder / "raw", "train" if part == "train" else "t10k", 30)

    monkeypatch.setattr(data.sources, "_construct", fetch)
    assert len(load("mnist", tmp_path / "new").train_x) == 30
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["MNIST"]


def test_moves_to_a_device_as_a_whole():
    moved = load("digits").to("meta")
    tensors = (moved.train_x, moved.train_y, moved.test_x, moved.test_y)
    assert all(t.is_meta for t in tensors) and moved.name == "digits"


@pytest.mark.skipif(
    not (ROOT and Path(ROOT, "MNIST").is_dir()),
    reason="FA_CORE_DATA names no folder that holds MNIST",
)
def test_mnist_itself():
    mnist = load("mnist", download=False)
    assert mnist.train_x.shape == (60_000, 784) and mnist.test_x.shape == (10_000, 784)
    assert (mnist.shape, mnist.classes) == ((1, 28, 28), 10)
    assert (mnist.mean / 255, mnist.std / 255) == pytest.approx((0.1307, 0.3081), abs=1e-4)
    nets = MLP([784, 100, 10], networks=8)
    history = train(nets, mnist, 100, lr=1e-3, record_at=[100], progress=False)
    assert (history["accuracy"] > 0.4).all()  # chance is 0.1
