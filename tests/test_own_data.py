"""load() of a reader's own .npz, and each way in which such a file may not fit."""

import numpy as np
import pytest
import torch

from fa_core.data import DataNotFoundError, load

ARRAYS = {
    "train_images": np.arange(24.0).reshape(4, 2, 3),
    "train_labels": np.array([0, 1, 2, 0], dtype=np.uint8),
    "test_images": np.ones((2, 2, 3)),
    "test_labels": np.array([1, 3]),
}


def test_a_readers_own_set(tmp_path):
    file = tmp_path / "my.set.npz"
    np.savez(file, **ARRAYS)
    own = load(file)
    assert (own.name, own.shape, own.classes) == ("my.set", (1, 2, 3), 4)
    assert (own.mean, own.std) == pytest.approx((11.5, np.arange(24).std()))
    expected = (ARRAYS["train_images"].reshape(4, 6) - 11.5) / np.arange(24).std()
    np.testing.assert_allclose(own.train_x, expected, rtol=1e-6)
    np.testing.assert_allclose(own.test_x, np.full((2, 6), (1 - 11.5) / own.std), rtol=1e-6)
    assert own.train_y.tolist() == [0, 1, 2, 0] and own.test_y.tolist() == [1, 3]
    np.savez(file, **{k: v[:, None] if v.ndim == 3 else v for k, v in ARRAYS.items()})
    assert load(str(file)).shape == (1, 2, 3)


def test_boolean_images_are_numbers(tmp_path):
    ink = ARRAYS["train_images"] > 11
    np.savez(tmp_path / "set.npz", **{**ARRAYS, "train_images": ink, "test_images": ink[:2]})
    own = load(tmp_path / "set.npz")
    assert (own.mean, own.std) == (0.5, 0.5) and own.train_x.dtype == torch.float32
    assert torch.equal(own.train_x, torch.from_numpy(ink).flatten(1).float() * 2 - 1)


@pytest.mark.parametrize("dtype", ["float16", ">f8", "longdouble", ">i4", "uint64", "int8"])
def test_any_kind_of_real_number_will_do(tmp_path, dtype):
    np.savez(
        tmp_path / "set.npz",
        **{k: v.astype(dtype) for k, v in ARRAYS.items() if v.ndim > 1},
        train_labels=ARRAYS["train_labels"].astype(">u8"),
        test_labels=ARRAYS["test_labels"],
    )
    own = load(tmp_path / "set.npz")
    np.testing.assert_allclose(own.train_x[0, :2], [-11.5 / own.std, -10.5 / own.std], rtol=1e-6)
    assert own.train_y.tolist() == [0, 1, 2, 0]


def test_a_relative_path_is_sought_in_the_working_folder_then_in_the_root(tmp_path, monkeypatch):
    places = {name: tmp_path / name for name in ("here", "root", "named", "home")}
    monkeypatch.chdir(tmp_path)
    for mark, folder in enumerate(places.values(), 1):
        (folder / "sub").mkdir(parents=True)
        default = folder / ".cache" / "fa_core" if folder.name == "home" else folder
        (default / "sub").mkdir(parents=True, exist_ok=True)
        images = ARRAYS["train_images"] * mark
        np.savez(default / "sub" / "set.npz", **{**ARRAYS, "train_images": images})
    monkeypatch.setenv("HOME", str(places["home"]))
    monkeypatch.setenv("FA_CORE_DATA", "")

    def found(root=None, name="sub/set.npz"):
        return list(places)[round(load(name, root).mean / 11.5) - 1]

    assert found() == "home"
    monkeypatch.setenv("FA_CORE_DATA", str(places["named"]))
    assert found() == "named" and found(places["root"]) == "root"
    assert found("~/../root") == "root"
    monkeypatch.setenv("FA_CORE_DATA", "~/../named")
    assert found() == "named"
    monkeypatch.chdir(places["here"])
    assert found() == found(places["root"]) == "here"
    assert found(name="~/../root/sub/set.npz") == "root"
    with pytest.raises(DataNotFoundError) as caught:
        load("sub/other.npz")
    assert str(places["home"] / "../named/sub/other.npz") in str(caught.value)
    assert "working folder" in str(caught.value)


BAD_SETS = {
    "no test_labels": ({"test_labels": None}, "lacks test_labels"),
    "rows and labels differ": ({"train_labels": np.arange(3)}, r"train_labels \[n\].*\(3,\)"),
    "no image": ({"test_images": np.ones((0, 2)), "test_labels": np.ones(0, int)}, "n > 0"),
    "images are numbers": ({"train_images": np.ones(4)}, "train_images must be"),
    "fractional labels": ({"test_labels": np.array([0.5, 1])}, "test_labels must be integers"),
    "negative labels": ({"test_labels": np.array([-1, 1])}, "integers from 0.* got -1 to 1"),
    "a label far above": ({"train_labels": np.array([0, 1, 2, 200])}, "largest is 200 and only 5"),
    "a huge label": ({"test_labels": np.array([1, 2**63], "u8")}, "got 1 to 9223372036854775808"),
    "labels of 2-D": ({"train_labels": np.zeros((4, 1), int)}, r"train_labels \[n\].*\(4, 1\)"),
    "no pixel": ({"train_images": np.ones((4, 0)), "test_images": np.ones((2, 0))}, r"\(4, 0\)"),
    "beyond float32": (
        {"train_images": ARRAYS["train_images"] * 1e300},
        "train_images must be fin",
    ),
    "infinite": ({"test_images": np.full((2, 2, 3), -np.inf)}, "test_images must be finite"),
    "far from the mean": (
        {"train_images": ARRAYS["train_images"] / 1e20, "test_images": np.full((2, 2, 3), 1e30)},
        "finite in float32 when standardised",
    ),
    "too close": ({"train_images": ARRAYS["train_images"] * 1e-47}, "must vary"),
    "equal in float32": ({"train_images": ARRAYS["train_images"] * 1e-9 + 1}, "must vary"),
    "complex": ({"train_images": ARRAYS["train_images"] * 1j}, "train_images must be real"),
    "dates": ({"train_images": ARRAYS["train_images"].astype("M8[s]")}, "must be real"),
    "NaN": ({"test_images": np.full((2, 2, 3), np.nan)}, "test_images must be finite"),
    "text": ({"train_images": np.full((4, 2, 3), "a")}, "train_images must be"),
    "shapes differ": ({"test_images": np.ones((2, 3, 3))}, "one shape"),
    "all equal": ({"train_images": np.ones((4, 2, 3))}, "must vary"),
    "Python objects": ({"train_images": np.full((4, 2, 3), None)}, "set.npz"),
}


@pytest.mark.parametrize("change, message", BAD_SETS.values(), ids=BAD_SETS)
def test_a_set_that_does_not_fit_is_refused(tmp_path, change, message):
    file = tmp_path / "set.npz"
    np.savez(file, **{k: v for k, v in {**ARRAYS, **change}.items() if v is not None})
    with pytest.raises(ValueError, match=message) as caught:
        load(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut off", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_npz_is_refused_by_name(tmp_path, content):
    file = tmp_path / "set.npz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"set\.npz"):
        load(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"nothing\.npz.*train_images"):
        load(tmp_path / "nothing.npz")
