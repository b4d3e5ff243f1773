"""What counts as a matrix, and the size of its fresh weights."""

import math

from torch import Tensor


def as_matrix(t: Tensor) -> Tensor:
    """A matrix ``[*networks, m, n]`` as it is; of four or five axes the last three as one.

    So kernels ``[*networks, out, in, kh, kw]`` give one row for each output channel, and the
    activity of channels, ``[*networks, samples, C, H, W]``, one row for each sample.
    """
    return t if t.ndim < 4 else t.flatten(-3)


def fresh_std(weight: Tensor) -> float:
    """Standard deviation of fresh weights or kernels, ``sqrt(2 / fan_in)`` (He et al. 2015).

    ``fan_in`` is the number of inputs of one output unit.
    """
    return math.sqrt(2 / as_matrix(weight).shape[-1])
