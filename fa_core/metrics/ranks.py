"""Effective ranks: how many directions a matrix, or the features of a layer, make use of."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fa_core import _checks
from fa_core._matrices import as_matrix


def effective_rank(W: Float[Tensor, "*networks m n"]) -> Float[Tensor, "*networks"]:
    """Effective rank: exp of the entropy (nats) of the normalised singular values.

    It is ``r`` for ``r`` equal singular values and 1 for rank one (Roy & Vetterli 2007). Takes
    weights, or features ``[*networks, samples, units]``. Kernels of a convolution, ``[*networks,
    out, in / groups, kh, kw]``, count as the matrix ``[*networks, out, in / groups * kh * kw]``,
    and activities ``[*networks, samples, C, H, W]`` likewise. A matrix that is zero, or that holds
    NaN or infinity, has no spectrum: its rank is NaN, those of the other networks are not.

    Raises:
        TypeError: ``W`` is no floating-point tensor.
        ValueError: ``W`` has fewer than two dimensions, or an empty one of the last two.

    Examples:
        >>> round(effective_rank(torch.eye(5)).item(), 6)
        5.0
    """
    return _effective_number(_singular_values(_matrix("W", W)))


def _matrix(name: str, W: Tensor) -> Tensor:
    _checks.floating(name, W)
    if W.ndim < 2 or 0 in as_matrix(W).shape[-2:]:
        raise ValueError(f"{name} must be a matrix [*networks, m, n], got shape {tuple(W.shape)}")
    return as_matrix(W.detach().double())


def _singular_values(W: Tensor) -> Tensor:
    finite = W.isfinite().all(-1).all(-1)[..., None, None]
    W = torch.where(finite, W, 0)  # one bad matrix would fail the decomposition of all
    # The spectrum of W is that of the triangular factor of its QR decomposition: cheaper when tall.
    triangle = torch.linalg.qr(W if W.shape[-2] >= W.shape[-1] else W.mT, mode="r").R
    s: Tensor = torch.linalg.svdvals(triangle)
    return s


def _effective_number(s: Tensor) -> Tensor:
    p = s / s.sum(-1, keepdim=True)
    number: Tensor = torch.special.entr(p).sum(-1).exp()
    return number


def gram_rank(features: Float[Tensor, "*networks n h"]) -> Float[Tensor, "*networks"]:
    """Effective rank of the Gram matrix of cosine similarities between samples (Huh et al. 2021).

    Entry ``(i, j)`` is the cosine of the angle between the features of samples ``i`` and ``j``,
    each a vector over the ``h`` neurons of a layer. The singular values of that matrix are the
    squared ones of the features, each scaled to length 1. A sample that excites no neuron is
    similar to none.

    Args:
        features: activities of a layer's neurons, such as ``net.hidden(x)[-1]``; or of channels,
            ``[*networks, n, C, H, W]``, whose neurons are the ``C * H * W`` pixels.

    Raises:
        TypeError, ValueError: as :func:`effective_rank`.

    Examples:
        >>> round(gram_rank(torch.eye(3).repeat(4, 1)).item(), 6)
        3.0
    """
    rows = _matrix("features", features)
    s = _singular_values(torch.nn.functional.normalize(rows, dim=-1))
    return _effective_number(s.square())
