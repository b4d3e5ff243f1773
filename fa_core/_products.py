"""Matrix products of a population on a CPU.

torch's batched product calls Intel's MKL, which on other makers' processors uses half their vector
width. oneDNN, which torch carries too, uses all of it: 1.4 to 1.7 times the speed in float32 on one
thread of an AMD Zen 5 core. It knows no batches of matrices, so large ones go one by one.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LARGE = 2**20  # multiplications in one network's product; below, a call costs more than it saves
_AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``x W^T + b``: ``[p, n, i]``, ``[p, o, i]``, ``[p, o]`` to ``[p, n, o]``."""
    if not _pays(x, weight.shape[-2]):
        return torch.baddbmm(bias.unsqueeze(-2), x, weight.mT)
    y = x.new_empty(*x.shape[:-1], weight.shape[-2])
    for result, *operands in zip(y, x, weight, bias, strict=True):
        result.copy_(_linear(*operands))
    return y


def gradient(delta: Tensor, x: Tensor, out: Tensor | None) -> Tensor:
    """``delta^T x``: ``[p, n, o]``, ``[p, n, i]`` to ``[p, o, i]``, into ``out`` if given."""
    if not _pays(x, delta.shape[-1]):
        return torch.matmul(delta.mT, x, out=out)
    if out is None:
        out = x.new_empty(len(x), delta.shape[-1], x.shape[-1])
    for target, d, own in zip(out, delta, x, strict=True):
        target.copy_(_linear(d.T, own.T, None))
    return out


def _pays(x: Tensor, outputs: int) -> bool:
    large = x.ndim == 3 and x.shape[-2:].numel() * outputs >= _LARGE
    single = x.device.type == "cpu" and x.dtype == torch.float32
    # With several threads for one product MKL shares a batch out better.
    return _AVAILABLE and large and single and torch.get_num_threads() == 1


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return result
