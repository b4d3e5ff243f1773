"""Matrix products of a population, made ready once and then called at every step.

The same product takes more or less time by how its operands lie in memory. Kernels like the long
axis of the result last, and a batch of 64 samples is a whole number of their blocks where 100 units
are not: so units lie above samples, ``[p o n]`` in memory, and a product is made that way round.

torch's products on a CPU call Intel's MKL, which uses half the vector width of other makers'
processors. oneDNN, which torch carries too, uses all of it: twice the speed in float32 on an AMD
Zen 5 core. It knows no batches of matrices, and a call for each network costs what it gains, so it
serves where there is one product: a plain network's, or that of all networks on shared inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

_LARGE = 2**20  # multiplications; below, a call costs more than it saves
AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def prepare(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> Callable[[], object]:
    """What computes ``x W^T + b``: ``[p n i]``, ``[p o i]``, ``[p o]`` into ``[p n o]``."""
    column = None if bias is None else bias.unsqueeze(1)
    if out.mT.is_contiguous():  # then the result is W x^T + b, as it lies in memory
        x, weight, out = weight, x, out.mT
        column = None if bias is None else bias.unsqueeze(2)
    if len(x) == 1 and _pays(x, weight):
        shift = None if column is None else column[0]
        return partial(_into, out[0], shift, x[0], weight[0])
    if column is None:
        return partial(torch.bmm, x, weight.mT, out=out)
    return partial(torch.baddbmm, column, x, weight.mT, out=out)


def _pays(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN is there for these operands, and they are large enough for it."""
    large = x.shape[-2:].numel() * weight.shape[-2] >= _LARGE
    single = x.device.type == "cpu" and x.dtype == torch.float32
    return AVAILABLE and large and single


def onednn(x: Tensor, weight: Tensor) -> Tensor:
    """``x W^T`` of ``[n i]`` and ``[o i]``."""
    product: Tensor = torch.ops.mkldnn._linear_pointwise.default(x, weight, None, "none", [], "")
    return product


def _into(out: Tensor, shift: Tensor | None, x: Tensor, weight: Tensor) -> None:
    product = onednn(x, weight)
    if shift is None:
        out.copy_(product)
    else:
        torch.add(product, shift, out=out)
