"""The data that experiments train on: sets by name, harder ones made of digits, parts of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from fa_core import data
from fa_core.data import Dataset

HALF_SIZE = " at half size"


def load(
    name: str, images: int | None = None, held_out: int = 0, tested: int | None = None
) -> Dataset:
    """A data set by name, with the first ``images`` of its train set (default: all).

    With ``held_out`` the last so many train images are its test set instead, and leave the train
    set: what is chosen on them has seen no test image. Of either test set the first ``tested``
    images are kept (default: all).

    Beside the names of :func:`fa_core.data.load`: ``noisy digits`` (a fixed N(0, 1) number added
    to every standardised pixel), ``upper half of digits`` (the lower pixels set to the mean),
    ``permuted digits`` (one fixed order of the pixels), ``rotated digits`` (by 90 degrees). Any
    name may end with `` at half size``: each pixel is then the mean of 2 x 2.
    """
    task = _whole(name)
    x, y = task.train_x, task.train_y
    test_x, test_y = task.test_x, task.test_y
    if held_out:
        (x, test_x), (y, test_y) = ((t[:-held_out], t[-held_out:]) for t in (x, y))
    return replace(
        task,
        train_x=x[:images],
        train_y=y[:images],
        test_x=test_x[:tested],
        test_y=test_y[:tested],
    )


@lru_cache(maxsize=1)
def _whole(name: str) -> Dataset:
    if name in _OF_DIGITS:
        digits, change = data.load("digits"), _OF_DIGITS[name]
        return replace(
            digits, name=name, train_x=change(digits.train_x), test_x=change(digits.test_x)
        )
    if name.endswith(HALF_SIZE):
        return _half_size(data.load(name.removesuffix(HALF_SIZE)))
    return data.load(name)


def _half_size(task: Dataset) -> Dataset:
    channels, height, width = task.shape

    def halve(x: Tensor) -> Tensor:
        return avg_pool2d(x.reshape(-1, *task.shape), 2).flatten(1)

    shape = (channels, height // 2, width // 2)
    return replace(task, train_x=halve(task.train_x), test_x=halve(task.test_x), shape=shape)


def _noisy(x: Tensor) -> Tensor:
    return x + torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def _upper_half(x: Tensor) -> Tensor:
    return x * (torch.arange(x.shape[1]) < x.shape[1] // 2)


def _permuted(x: Tensor) -> Tensor:
    return x[:, torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))]


def _rotated(x: Tensor) -> Tensor:
    return x.reshape(-1, 8, 8).rot90(dims=(1, 2)).flatten(1)


# Harder tasks made of the embedded digits, so that the quick profile needs no download.
_OF_DIGITS: dict[str, Callable[[Tensor], Tensor]] = {
    "noisy digits": _noisy,
    "upper half of digits": _upper_half,
    "permuted digits": _permuted,
    "rotated digits": _rotated,
}
