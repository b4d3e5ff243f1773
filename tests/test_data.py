"""load() by name: the embedded set, files in torchvision's layout, and clear refusals."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from tiny_sets import SHAPES, official
from torchvision import datasets

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
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_a_read_only_root_is_read_as_it_is(tmp_path, read_only, monkeypatch, name, packed):
    official(monkeypatch, tmp_path, name, packed=packed)
    monkeypatch.setenv("FA_CORE_DATA", str(read_only()))
    tiny = load(name)
    assert (tiny.name, tiny.shape, tiny.classes, tiny.note) == (name, (1, 2, 3), 10, "")
    assert tiny.train_x.shape == (40, 6) and tiny.test_x.shape == (20, 6)
    assert tiny.train_y.tolist() == [i % 10 for i in range(40)]
    pixels = tiny.test_x * tiny.std + tiny.mean
    torch.testing.assert_close(pixels[:, 0], torch.arange(20.0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_other_format_is_read_as_torchvision_reads_it(tmp_path, read_only, monkeypatch, name):
    folder = official(monkeypatch, tmp_path, name, counts=(20, 10))
    tiny = load(name, read_only())
    shape = SHAPES[name] if len(SHAPES[name]) == 3 else (1, *SHAPES[name])
    assert (tiny.name, tiny.shape, tiny.classes, tiny.note) == (name, shape, 10, "")
    cls = getattr(datasets, data.sources.SOURCES[name].cls)
    loaded = cls(folder if name == "usps" else tmp_path, "test" if name == "stl10" else False)
    labels = loaded.labels if name == "stl10" else loaded.targets
    theirs = loaded.data.transpose(0, 3, 1, 2) if name.startswith("cifar") else loaded.data
    pixels = (tiny.test_x * tiny.std + tiny.mean).round()
    assert torch.equal(pixels, torch.from_numpy(theirs.copy()).flatten(1).float())
    assert tiny.test_y.tolist() == list(labels)


def test_kmnist_alone_with_its_test_set_is_split_and_says_so(tmp_path, read_only, monkeypatch):
    folder = official(monkeypatch, tmp_path, "kmnist", counts=(40, 10_000))
    (folder / "raw" / "train-images-idx3-ubyte.gz").unlink()
    kmnist = load("kmnist", root=read_only(), download=False)
    assert len(kmnist.train_x) == 8000 and len(kmnist.test_x) == 2000
    assert kmnist.note == "official test set alone, split 8,000/2,000 by a fixed permutation"
    values = torch.cat([kmnist.train_x, kmnist.test_x])[:, 0] * kmnist.std + kmnist.mean
    every = torch.arange(10_000) % 256
    assert torch.equal(values.round().long().sort().values, every.sort().values)
    assert not torch.equal(kmnist.train_y[:100], torch.arange(100) % 10)  # permuted
    assert torch.equal(kmnist.train_y, load("kmnist", tmp_path, download=False).train_y)


def test_kmnist_with_its_train_set_is_the_official_one(tmp_path, monkeypatch):
    official(monkeypatch, tmp_path, "kmnist")
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


def test_a_failed_download_leaves_no_half_set(tmp_path, monkeypatch):
    def fail(source, root, part):
        Path(root, source.folder, "raw").mkdir(parents=True)
        raise RuntimeError("no network")

    monkeypatch.setattr(data.sources, "_fetch", fail)
    with pytest.raises(DataNotFoundError, match=r"download failed.*no network"):
        load("mnist", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """A tiny MNIST that stands for what a download brings."""
    official(monkeypatch, tmp_path / "remote", "mnist")

    def fetch(source, root, part):
        shutil.copytree(tmp_path / "remote", root, dirs_exist_ok=True)

    monkeypatch.setattr(data.sources, "_fetch", fetch)
    return tmp_path / "remote" / "MNIST" / "raw"


def test_a_download_is_moved_to_its_place_whole(tmp_path, fetched):
    assert len(load("mnist", tmp_path / "new").train_x) == 40
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["MNIST"]


def test_a_damaged_download_is_not_moved_there(tmp_path, fetched):
    (fetched / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>no such page</html>")
    with pytest.raises(DataNotFoundError, match=r"download failed.*t10k-labels"):
        load("mnist", tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


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
