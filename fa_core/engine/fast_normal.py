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


class FastNormal:
    """N(0, 1) from one stream or more, which share a piece of memory between draws."""

    def __init__(self, streams: Sequence[np.random.BitGenerator]) -> None:
        self._streams = streams
        self._words = torch.empty(0, dtype=torch.int32)  # half of what int64 would move

    def fill(self, x: Tensor) -> None:
        """Fills the contiguous float32 tensor ``x`` on the CPU, an equal part from each stream."""
        rows = x.view(len(self._streams), -1)
        size = rows.shape[1]
        if len(self._words) != size:
            self._words = torch.empty(size, dtype=torch.int32)
        for row, stream in zip(rows, self._streams, strict=True):
            raw: np.ndarray = stream.random_raw(-(-size // 4))
            np.copyto(self._words.numpy(), raw.view(np.uint16)[:size])
            torch.index_select(_TABLE, 0, self._words, out=row)
