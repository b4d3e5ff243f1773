"""What counts as a matrix."""

from torch import Tensor


def as_matrix(t: Tensor) -> Tensor:
    """A matrix ``[*networks, m, n]`` as it is; of four or five axes the last three as one.

    So kernels ``[*networks, out, in, kh, kw]`` give one row for each output channel, and the
    activity of channels, ``[*networks, samples, C, H, W]``, one row for each sample.
    """
    return t if t.ndim < 4 else t.flatten(-3)
