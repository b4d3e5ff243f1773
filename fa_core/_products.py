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
    """``x W^T + b``: ``[p, n, i]`` or ``[n, i]``, ``[p, o, i]``, ``[p, o]`` to ``[p, n, o]``."""
    if x.ndim == 2:  # shared by all networks, whose units are then those of one large layer
        rows, columns = weight.flatten(0, 1), bias.flatten()
        large = _linear(x, rows, columns) if _pays(x, len(rows)) else columns.addmm(x, rows.T)
        # Rows that lie apart would make oneDNN a hundred times slower in the next layer.
        y: Tensor = large.unflatten(1, bias.shape).transpose(0, 1).contiguous()
        return y
    if not _pays(x, weight.shape[-2]):
        return torch.baddbmm(bias.unsqueeze(-2), x, weight.mT)
    y = x.new_empty(*x.shape[:-1], weight.shape[-2])
    # Every tensor operation lets go of Python's lock and another thread may take it: split at once.
    parts = (tensor.unbind() for tensor in (y, x, weight, bias))
    for result, *operands in zip(*parts, strict=True):
        result.copy_(_linear(*operands))
    return y


def gradient(delta: Tensor, x: Tensor, out: Tensor | None) -> Tensor:
    """``delta^T x``: ``[p, n, o]``, ``[p, n, i]`` or ``[n, i]`` to ``[p, o, i]``, into ``out``."""
    if out is None:
        out = x.new_empty(len(delta), delta.shape[-1], x.shape[-1])
    if x.ndim == 2:
        columns, large = delta.transpose(0, 1).flatten(1), out.view(-1, x.shape[-1])
        if _pays(x, columns.shape[1]):
            large.copy_(_linear(columns.T, x.T, None))
        else:
            torch.mm(columns.T, x, out=large)
        return out
    if not _pays(x, delta.shape[-1]):
        return torch.bmm(delta.mT, x, out=out)
    parts = (tensor.unbind() for tensor in (out, delta.mT, x.mT))
    for result, d, own in zip(*parts, strict=True):
        result.copy_(_linear(d, own, None))
    return out


def _pays(x: Tensor, outputs: int) -> bool:
    large = x.shape[-2:].numel() * outputs >= _LARGE
    single = x.device.type == "cpu" and x.dtype == torch.float32
    # With several threads for one product MKL shares a batch out better.
    return _AVAILABLE and large and single and torch.get_num_threads() == 1


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return result
