"""Normal numbers on a CPU, several times faster than exact ones.

Every 16-bit word of a random stream selects one of 65,536 equally probable normal quantiles, scaled
to variance 1. So a 64-bit draw gives four numbers. The largest is 4.2; moments up to the fourth are
within 1 % of the normal distribution's.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

_QUANTILES = ndtri((np.arange(2**16) + 0.5) / 2**16)
_TABLE = torch.from_numpy((_QUANTILES / _QUANTILES.std()).astype(np.float32))


def fill(x: Tensor, streams: Sequence[np.random.BitGenerator]) -> None:
    """Fills the contiguous float32 tensor ``x`` on the CPU with N(0, 1), an equal part a stream."""
    rows = x.view(len(streams), -1)
    size = rows.shape[1]
    words = torch.empty(size, dtype=torch.int32)  # half of what NumPy's own 64 bits would move
    for row, stream in zip(rows, streams, strict=True):
        raw: np.ndarray = stream.random_raw(-(-size // 4))
        np.copyto(words.numpy(), raw.view(np.uint16)[:size])
        torch.index_select(_TABLE, 0, words, out=row)
