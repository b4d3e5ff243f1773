"""Labels and the logits they belong to: the one place that says which go together.

Index legend: n sample, k class.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fa_core import _checks

Logits = Float[Tensor, "*networks n k"]
# Without the networks axis labels are shared, so their leading axes have a name of their own.
Labels = Int[Tensor, "*labelled n"] | Float[Tensor, "*labelled n k"]
_SUM_TOLERANCE = 0.01  # of probabilities, that half precision leaves


def require_labels(logits: Logits, y: Labels, name: str = "y") -> None:
    """Checks kinds, shapes and ranges of logits and of the labels that belong to them.

    ``name`` is what the caller calls the labels.

    Raises:
        TypeError: logits that are no floating-point tensor, or labels that are no tensor of
            integers (classes) or real numbers (probabilities).
        ValueError: logits that are not ``[*networks, n, k]`` with a sample and a class; labels
            that are not ``[*networks, n]`` or ``[n]`` from 0 to ``k - 1``, nor ``[*networks, n,
            k]`` or ``[n, k]``, not negative and of sum 1.
    """
    _checks.floating("logits", logits)
    if logits.ndim < 2 or 0 in logits.shape[-2:]:
        raise ValueError(f"logits must be [*networks, n, k], got shape {tuple(logits.shape)}")
    require_label_shape(y, logits.shape, name)
    require_label_values(y, logits.shape[-1], name)


def require_label_values(y: Labels, classes: int, name: str = "y") -> None:
    """Checks that labels of a right shape are classes from 0, or probabilities of sum 1.

    Raises:
        ValueError: as :func:`require_labels`.
    """
    if torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(y):
        return  # under torch.compile and torch.func tensors hold no values yet
    if not y.is_floating_point():
        if y.min() < 0 or y.max() >= classes:
            wrong = y.min() if y.min() < 0 else y.max()
            raise ValueError(f"{name} must hold classes from 0 to {classes - 1}, got {wrong}")
    elif not ((y >= 0).all() and ((y.sum(-1) - 1).abs() < _SUM_TOLERANCE).all()):
        raise ValueError(
            f"{name} must hold probabilities, not negative and of sum 1 over the classes, got "
            f"values from {y.min():.3g} to {y.max():.3g} and sums from {y.sum(-1).min():.3g} to "
            f"{y.sum(-1).max():.3g}"
        )


def require_label_shape(y: Labels, shape: torch.Size, name: str = "y") -> None:
    """Checks kind and shape of labels for logits of ``shape``, without a look at their values.

    Raises:
        TypeError, ValueError: as :func:`require_labels`.
    """
    kinds = (torch.bool, torch.complex64, torch.complex128)
    if not isinstance(y, Tensor) or y.dtype in kinds:
        raise TypeError(
            f"{name} must be a tensor of integer classes or of probabilities, "
            f"got {_checks.shown(y)}"
        )
    own = shape if y.is_floating_point() else shape[:-1]
    shared = own[len(shape) - 2 :]
    if y.shape not in (own, shared):
        what = "probabilities" if y.is_floating_point() else "classes"
        either = "" if own == shared else f" or {tuple(shared)}"
        raise ValueError(
            f"{name} must have the shape {tuple(own)}{either} of {what} for logits {tuple(shape)}, "
            f"got {tuple(y.shape)}"
        )
