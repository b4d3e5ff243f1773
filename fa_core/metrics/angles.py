"""Angles and distances between vectors and between matrices."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from fa_core import _checks
from fa_core._matrices import as_matrix


def angle(u: Float[Tensor, "*batch d"], v: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch"]:
    """Angle between vectors, in degrees from 0 to 180; NaN where a vector is zero or not finite.

    ``2 atan2(|a - b|, |a + b|)`` on the unit vectors ``a``, ``b`` in float64: unlike ``arccos`` of
    the cosine it loses no digits near 0 and 180 (Kahan 2006).

    Raises:
        TypeError: an argument that is no floating-point tensor.
        ValueError: shapes that differ, or vectors without a component.
    """
    _checks.floating("u", u)
    _checks.floating("v", v)
    if u.shape != v.shape or u.ndim == 0 or u.shape[-1] == 0:
        raise ValueError(
            f"u and v must be vectors [*batch, d] of one shape, "
            f"got {tuple(u.shape)} and {tuple(v.shape)}"
        )
    a, b = _unit(u), _unit(v)
    apart = torch.linalg.vector_norm(a - b, dim=-1)
    return torch.rad2deg(2 * torch.atan2(apart, torch.linalg.vector_norm(a + b, dim=-1)))


def _unit(t: Tensor) -> Tensor:
    """Vectors of length 1 in float64. The largest entry goes first: no square overflows then."""
    largest = torch.linalg.vector_norm(t, math.inf, dim=-1, keepdim=True)
    scaled = t / largest.double()
    unit: Tensor = scaled / torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return unit


def alignment_angle(
    W: Float[Tensor, "*networks o i"], B: Float[Tensor, "*networks o i"], per_unit: bool = False
) -> Tensor:
    """Alignment angle between forward weights and feedback (Lillicrap et al. 2016).

    Kernels of a convolution, ``[*networks, out, in / groups, kh, kw]``, count as the matrix
    ``[*networks, out, in / groups * kh * kw]``.

    Args:
        W: forward weights.
        B: feedback weights of the same shape.
        per_unit: compare the incoming weights of each output unit (the rows) one by one.

    Returns:
        Degrees, ``[*networks]`` over the flattened matrices or ``[*networks, o]`` per unit.

    Raises:
        TypeError: ``W`` or ``B`` is no floating-point tensor, or ``per_unit`` no bool.
        ValueError: shapes that differ, or that are not matrices.

    Examples:
        >>> alignment_angle(torch.eye(3), -torch.eye(3)).item()
        180.0
    """
    W, B = _pair(W, B)
    _checks.flag("per_unit", per_unit)
    return angle(W, B) if per_unit else angle(W.flatten(-2), B.flatten(-2))


def _pair(W: Tensor, B: Tensor) -> tuple[Tensor, Tensor]:
    """The two as matrices of one shape."""
    _checks.floating("W", W)
    _checks.floating("B", B)
    if W.shape != B.shape or W.ndim < 2 or 0 in as_matrix(W).shape[-2:]:
        raise ValueError(
            f"W and B must be matrices [*networks, out, in] or kernels of one shape, "
            f"got {tuple(W.shape)} and {tuple(B.shape)}"
        )
    return as_matrix(W.detach()), as_matrix(B.detach())


def neuron_angle(
    W: Float[Tensor, "*networks o i"], B: Float[Tensor, "*networks o i"]
) -> Float[Tensor, "*networks i"]:
    """Alignment angle of each hidden neuron below the layer (Cheon et al. 2024, Fig. 1e).

    It is the angle between what leaves the neuron (its column of ``W``) and what comes back to it
    (the same column of ``B``). Kernels of a convolution have a column for each place of a patch.

    Returns:
        Degrees, one for each input of the layer.

    Raises:
        TypeError, ValueError: as :func:`alignment_angle`.
    """
    W, B = _pair(W, B)
    return angle(W.mT, B.mT)


def class_centred(W: Float[Tensor, "*networks k i"]) -> Float[Tensor, "*networks k i"]:
    """A readout's weights or feedback less their mean over classes (the rows).

    The errors at a softmax readout sum to zero over classes, so the mean row of the feedback sends
    nothing, and that of the weights changes no probability. Angles between centred matrices leave
    both out.

    Raises:
        TypeError: ``W`` is no floating-point tensor.
        ValueError: ``W`` has fewer than two dimensions.

    Examples:
        >>> class_centred(torch.tensor([[1.0, 2.0], [3.0, 2.0]]))
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """
    _checks.floating("W", W)
    if W.ndim < 2:
        raise ValueError(f"W must be a matrix [*networks, k, i], got shape {tuple(W.shape)}")
    W = W.detach()
    centred: Tensor = W - W.mean(-2, keepdim=True)
    return centred


def feedback_distance(
    W: Float[Tensor, "*networks o i"], B: Float[Tensor, "*networks o i"]
) -> Float[Tensor, "*networks"]:
    """Distance of forward weights from feedback, the Frobenius norm of W - B (Cheon 2024, Fig. 2).

    It has the unit of the weights and falls also where ``W`` only shrinks, at any angle. Kernels of
    a convolution count as a matrix, as in :func:`alignment_angle`.

    Raises:
        TypeError, ValueError: as :func:`alignment_angle`.
    """
    W, B = _pair(W, B)
    distance: Tensor = torch.linalg.matrix_norm(W - B)
    return distance
