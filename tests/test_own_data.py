"""load() of a reader's own .npz, and each way in which such a file may not fit."""

import numpy as np
import pytest

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


BAD_SETS = {
    "no test_labels": ({"test_labels": None}, "lacks test_labels"),
    "rows and labels differ": ({"train_labels": np.arange(3)}, r"train_labels \[n\].*\(3,\)"),
    "no image": ({"test_images": np.ones((0, 2)), "test_labels": np.ones(0, int)}, "n > 0"),
    "images are numbers": ({"train_images": np.ones(4)}, "train_images must be"),
    "fractional labels": ({"test_labels": np.array([0.5, 1])}, "test_labels must be integers"),
    "negative labels": ({"test_labels": np.array([-1, 1])}, "integers from 0"),
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
