"""Moves, turns and scales flat images, as the out-of-distribution tests do.

All functions take rows of square images ``[n, side * side]`` and sample them bilinearly. What comes
from outside an image is ``background``: the value of an empty pixel, which is ``-mean / std`` in a
standardised data set. Amounts are one number for all images, or a tensor ``[n]``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from fa_core import _checks

Images = Float[Tensor, "n pixels"]
Amount = float | Tensor


def translate(
    x: Images, side: int, right: Amount = 0.0, down: Amount = 0.0, *, background: float
) -> Images:
    """Shifts each image by pixels, or parts of pixels.

    Raises:
        TypeError, ValueError: images that are not finite and ``[n, side * side]``, a background
            that their type cannot hold, or an amount that is neither a finite number nor a finite
            tensor ``[n]``.

    Examples:
        >>> translate(torch.tensor([[1.0, 2, 3, 4]]), 2, right=1, background=0)
        tensor([[0., 1., 0., 3.]])
    """
    return _place(x, side, right=right, down=down, background=background)


def scale(x: Images, side: int, factor: Amount, *, background: float) -> Images:
    """Enlarges each image by ``factor`` about its centre; below 1 it shrinks.

    Raises:
        TypeError, ValueError: as :func:`translate`, or a factor that is not above 0.
    """
    return _place(x, side, factor=factor, background=background)


def rotate(x: Images, side: int, degrees: Amount, *, background: float) -> Images:
    """Turns each image about its centre, counter-clockwise as one sees it.

    Raises:
        TypeError, ValueError: as :func:`translate`.
    """
    return _place(x, side, degrees=degrees, background=background)


def mnist_frame(x: Images, side: int, *, background: float) -> Images:
    """Brings digits that fill their image into MNIST's frame, ``[n, 784]``.

    As MNIST's own images were made (LeCun et al. 1998): the digit fills a box of 20 x 20 pixels,
    whose centre of mass lies in the middle of 28 x 28. That middle is pixel 14, counted from 0.

    Raises:
        TypeError, ValueError: as :func:`translate`, or an image that holds no ink.
    """
    x = _images(x, side)
    ink = (x - _background(background, x)).clamp(min=0).view(-1, side, side)
    mass = ink.sum((1, 2))
    if not (mass > 0).all():
        raise ValueError("x must hold ink above the background in every image")
    offset = _offsets(side, x.device)
    factor = 20 / side
    right, down = (0.5 - factor * (ink.sum(axis) * offset).sum(1) / mass for axis in (1, 2))
    return _place(x, side, 28, factor=factor, right=right, down=down, background=background)


def _place(
    x: Images,
    side: int,
    new_side: int | None = None,
    *,
    background: float,
    degrees: Amount = 0.0,
    factor: Amount = 1.0,
    right: Amount = 0.0,
    down: Amount = 0.0,
) -> Images:
    """Turns and scales about the centre, then shifts, into images ``new_side`` pixels wide."""
    x, new_side = _images(x, side), new_side or side
    background = _background(background, x)
    turn = torch.deg2rad(_amount("degrees", degrees, x))
    factor = _amount("factor", factor, x)
    if not (factor > 0).all():
        raise ValueError(f"factor must be above 0, got {factor.min():g}")
    # Pixel (r, c) of the new image comes from (from_r, from_c) of the old: the inverse transform.
    offset = _offsets(new_side, x.device)
    r = offset[None, :, None] - _amount("down", down, x)
    c = offset[None, None, :] - _amount("right", right, x)
    sine, cosine = turn.sin() / factor, turn.cos() / factor
    from_r, from_c = sine * c + cosine * r, cosine * c - sine * r
    grid = torch.stack([from_c, from_r], dim=-1) / (side / 2)
    grid = grid.clamp(-4, 4)  # an image lies within 1, and what it touches within 3
    old = (x - background).view(-1, 1, side, side)  # so that the zeros outside are background
    new = F.grid_sample(old, grid.to(x.dtype), padding_mode="zeros", align_corners=False)
    return new.flatten(1) + background


def _offsets(side: int, device: torch.device) -> Tensor:
    """Distance of each row or column of pixels from the image's centre."""
    return torch.arange(side, device=device, dtype=torch.float64) - (side - 1) / 2


def _images(x: Images, side: int) -> Images:
    side, x = _checks.integer("side", side, 1), _checks.floating("x", x)
    if x.ndim != 2 or x.shape[1] != side * side:
        raise ValueError(f"x must be [n, {side * side}] for side {side}, got {tuple(x.shape)}")
    if not x.isfinite().all():
        raise ValueError("x must be finite, but some pixels are NaN or infinite")
    return x


def _background(background: float, x: Images) -> float:
    background = _checks.number("background", background)
    largest = torch.finfo(x.dtype).max
    if abs(background) > largest:
        raise ValueError(f"background must be within +-{largest:g} in {x.dtype}, got {background}")
    return background


def _amount(name: str, value: Amount, x: Images) -> Tensor:
    """One number for each image, shaped ``[n, 1, 1]``."""
    if not isinstance(value, Tensor):
        amount = torch.tensor(_checks.number(name, value))
    elif value.is_complex() or value.dtype == torch.bool:
        raise TypeError(f"{name} must be a number or a tensor of real numbers, got {value.dtype}")
    else:
        amount = value
    if amount.shape not in ((), x.shape[:1]):
        raise ValueError(
            f"{name} must be a number or a tensor [{len(x)}], got shape {tuple(amount.shape)}"
        )
    if not amount.isfinite().all():
        raise ValueError(f"{name} must be finite in {amount.dtype}, got {value}")
    return amount.to(x.device, torch.float64).expand(len(x))[:, None, None]
