"""Matrix products of a population, made ready once and then called at every step.

torch's products on a CPU call Intel's MKL, which uses half the vector width of other makers'
processors. oneDNN, which torch carries too, uses all of it: twice the speed in float32 on an AMD
Zen 5 core. It knows no batches of matrices, and a call for each network costs what it gains, so it
serves where there is one product: a plain network's, or that of all networks on shared inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

_LARGE = 2**20  # multiplications; below, a call costs more than it saves
_AVAILABLE = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def prepare(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> Callable[[], object]:
    """What computes ``x W^T + b``: ``[p n i]``, ``[p o i]``, ``[p o]`` into ``[p n o]``."""
    if len(x) == 1 and _pays(x, weight):
        operands: Any = (x[0], weight[0], None if bias is None else bias[0], "none", [], "")
        return partial(_into, out[0], *operands)
    if bias is None:
        return partial(torch.bmm, x, weight.mT, out=out)
    return partial(torch.baddbmm, bias.unsqueeze(1), x, weight.mT, out=out)


def _pays(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN is there for these operands, and they are large enough for it."""
    large = x.shape[-2:].numel() * weight.shape[-2] >= _LARGE
    single = x.device.type == "cpu" and x.dtype == torch.float32
    return _AVAILABLE and large and single


def _into(out: Tensor, *operands: Any) -> None:
    out.copy_(torch.ops.mkldnn._linear_pointwise.default(*operands))
