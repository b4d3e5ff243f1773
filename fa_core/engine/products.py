"""Matrix products of a population, made ready once and then called at every step.

The same product takes more or less time by how its operands lie in memory. Kernels like the long
axis of the result last, and a batch of 64 samples is a whole number of their blocks where 100 units
are not: so units lie above samples, ``[p o n]`` in memory, and a product is made that way round.

A plain network's product is divided into as many products as there are threads, each for some of
the units, as if these were networks. The optimiser divides its work in the same way, so that a
thread finds in its own cache what it wrote.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

_LARGE = 2**20  # multiplications; below, threads cost more than they save


def prepare(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> Callable[[], object]:
    """What computes ``x W^T + b``: ``[p n i]``, ``[p o i]``, ``[p o]`` into ``[p n o]``."""
    shift = None if bias is None else bias.unsqueeze(1).expand_as(out)
    if out.mT.is_contiguous():  # then the result is W x^T + b, as it lies in memory
        x, weight, out = weight, x, out.mT
        shift = None if shift is None else shift.mT
    if len(x) == 1:
        parts = _parts(x[0], weight[0])
        axes = (parts, -1) if parts > 1 else (-1,)
        x, out = x[0].unflatten(0, axes), out[0].unflatten(0, axes)
        shift = None if shift is None else shift[0].unflatten(0, axes)
        weight = weight[0].expand(*x.shape[:-2], -1, -1)
    product, sum_with = (torch.mm, torch.addmm) if x.ndim == 2 else (torch.bmm, torch.baddbmm)
    if shift is None:
        return partial(product, x, weight.mT, out=out)
    return partial(sum_with, shift, x, weight.mT, out=out)


def _parts(x: Tensor, weight: Tensor) -> int:
    """In how many equal groups of rows ``x`` goes to the threads."""
    if x.device.type != "cpu" or x.numel() * len(weight) < _LARGE:
        return 1
    return math.gcd(len(x), torch.get_num_threads())
