"""A convolution whose error travels back by a rule of its own.

Index legend: n sample, c input channel, h w pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from fa_core import _checks
from fa_core.engine.operations import Conv2d
from fa_core.layers import FALayer
from fa_core.rules import Rule

_MODES = ("zeros", "reflect", "replicate", "circular")
_WORDS = ("same", "valid")


class FAConv2d(FALayer):
    r"""A drop-in for :class:`torch.nn.Conv2d` that needs no weight transport.

    Forward it is that convolution with the kernels ``W``. Backward, the error at its output goes
    through the transposed convolution, as always, but with the kernels ``B`` under ``rule="fa"``
    (Lillicrap et al. 2016); with ``W`` under ``rule="bp"``. Other rules find kernels as matrices
    ``[out_channels, fan_in]``, where ``fan_in = in_channels / groups * kh * kw``. The updates of
    ``W`` and of the bias are the usual ones. ``W`` and ``B`` are drawn independently from
    N(0, 2 / fan_in) (He et al. 2015); the bias starts at 0.

    Args:
        in_channels: channels of the input, at least 1.
        out_channels: channels of the output, at least 1.
        kernel_size: height and width of the kernels, pixels: one number or a pair.
        stride: step between two outputs, pixels, down and across: one number or a pair.
        padding: pixels added on each side, above and below, left and right: one number or a pair;
            ``"valid"`` for none; ``"same"`` for as many as keep the size, at stride 1.
        dilation: step between two kernel elements, pixels: one number or a pair.
        groups: groups of channels that are kept apart; it divides both numbers of channels.
        bias: whether to learn an additive bias for each channel.
        padding_mode: what is added: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        rule: what travels backward, a name in ``fa_core.rules.RULES``; any but those that send
            another error, as ``"dfa"``, or have a ``shape``, ``carry`` or ``feedback_gradient`` of
            their own, which are written for linear layers.
        networks: number of independent networks in a leading axis, computed as one grouped
            convolution; ``None`` for a plain layer.
        generator: source of the random weights, or a sequence with one for each network; ``None``
            takes torch's global one, as ``torch.nn.Conv2d`` does.

    Shape:
        - Plain layer: ``[n, C, H, W]`` or ``[C, H, W]`` to the same with other C, H, W.
        - Population: ``[networks, n, C, H, W]`` to the same with other C, H, W. An input
          ``[n, C, H, W]`` or ``[C, H, W]`` is shared by all networks.
        - ``H_out = (H + 2 padding - dilation (kh - 1) - 1) // stride + 1``, ``W_out`` likewise.

    Attributes:
        weight: parameter ``[*networks, out_channels, in_channels / groups, kh, kw]``.
        bias: parameter ``[*networks, out_channels]``, or ``None``.
        feedback: buffer of the weight's shape; saved and moved with the module, never updated. A
            parameter under rules that move it, such as ``"kp"``.
        rule: may be set to another rule of those above.

    Raises:
        TypeError: a size that is no integer, or an input that is not floating point.
        ValueError: a size below its minimum, groups that do not divide the channels, ``"same"``
            with a stride, an unknown rule or one that no convolution can follow, an input of the
            wrong shape or too small.
        RuntimeError: in the backward pass, a second derivative under any rule but ``"bp"``.

    Examples:
        >>> FAConv2d(3, 8, kernel_size=3, padding=1)(torch.randn(5, 3, 32, 32)).shape
        torch.Size([5, 8, 32, 32])
        >>> FAConv2d(3, 8, kernel_size=3, networks=4)(torch.randn(5, 3, 32, 32)).shape
        torch.Size([4, 5, 8, 30, 30])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        rule: str = "fa",
        networks: int | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = _checks.integer("in_channels", in_channels, 1)
        self.out_channels = _checks.integer("out_channels", out_channels, 1)
        self.kernel_size = _checks.pair("kernel_size", kernel_size, 1)
        self.stride = _checks.pair("stride", stride, 1)
        if isinstance(padding, str):
            self.padding: tuple[int, int] | str = _checks.choice("padding", padding, _WORDS)
        else:
            self.padding = _checks.pair("padding", padding, 0)
        if self.padding == "same" and self.stride != (1, 1):
            raise ValueError(f"stride must be 1 under padding='same', got {stride!r}")
        self.dilation = _checks.pair("dilation", dilation, 1)
        self.groups = _checks.integer("groups", groups, 1)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"groups must divide in_channels={self.in_channels} and "
                f"out_channels={self.out_channels}, got {groups}"
            )
        self.padding_mode = _checks.choice("padding_mode", padding_mode, _MODES)
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        sizes = (
            f"out_channels={self.out_channels}, in_channels={self.in_channels}, "
            f"kernel_size={self.kernel_size}"
        )
        self._make(shape, shape, bias, rule, networks, generator, sizes)

    @staticmethod
    def why_not(rule: Rule) -> str:
        """Why no convolution can follow ``rule``, as words about it; empty if one can."""
        if rule.source != "delta":
            return "sends the logits' error"
        own = [name for name in rule.overridden if name not in ("carrier", "between")]
        return f"has its own {', '.join(own)}, written for linear layers" if own else ""

    def _check_rule(self, name: str, rule: Rule) -> None:
        if reason := self.why_not(rule):
            raise ValueError(
                f"rule must carry the layer's own error through a tensor of the weight's shape in "
                f"a convolution, as 'bp', 'fa' and 'kp' do, but {name!r} {reason}"
            )

    def forward(self, x: Tensor) -> Tensor:
        around = self._around()
        self._check_input(x, around)
        batched = x.ndim > 3
        x = x if batched else x.unsqueeze(0)
        if self.networks is not None:  # they go among the channels: one grouped convolution
            x = x.expand(self.networks, *x.shape[-4:]).transpose(0, 1).flatten(1, 2)
        (top, bottom), (left, right) = around
        padding = (top, left)
        if self.padding_mode != "zeros" or (top, left) != (bottom, right):
            mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
            x, padding = F.pad(x, (left, right, top, bottom), mode), (0, 0)
        operation = Conv2d(self.stride, padding, self.dilation, self.groups)
        y = self._apply_operation(operation, x, None)
        if self.networks is not None:
            y = y.unflatten(1, (self.networks, self.out_channels)).transpose(0, 1)
        return y if batched else y.squeeze(-4)

    def _around(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels added above and below, and left and right."""
        if self.padding == "same":  # an odd number puts one more at the end, as torch has it
            spans = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            above, left = ((span // 2, span - span // 2) for span in spans)
            return above, left
        down, across = (0, 0) if isinstance(self.padding, str) else self.padding
        return (down, down), (across, across)

    def _check_input(self, x: Tensor, around: tuple[tuple[int, int], tuple[int, int]]) -> None:
        _checks.floating("x", x)
        population = () if self.networks is None else (self.networks,)
        if (
            x.ndim not in (3, 4, 4 + len(population))
            or x.shape[-3] != self.in_channels
            or (x.ndim == 5 and x.shape[0] != self.networks)
        ):
            lead = "" if self.networks is None else f", shared or with {self.networks} in front"
            raise ValueError(
                f"x must be [C, H, W] or [n, C, H, W] with C={self.in_channels} channels{lead}, "
                f"got shape {tuple(x.shape)}"
            )
        for size, pads, k, d in zip(
            x.shape[-2:], around, self.kernel_size, self.dilation, strict=True
        ):
            least = max(d * (k - 1) + 1 - sum(pads), 1)
            if self.padding_mode == "reflect":  # what is reflected lies inside the edge
                least = max(least, max(pads) + 1)
            elif self.padding_mode == "circular":
                least = max(least, *pads)
            if size < least:
                raise ValueError(
                    f"x must be at least {least} pixels high or wide where kernel_size is {k}, "
                    f"dilation {d} and padding {pads} ({self.padding_mode}), "
                    f"got shape {tuple(x.shape)}"
                )

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}, padding={self.padding!r}, dilation={self.dilation}, "
            f"groups={self.groups}, bias={self.bias is not None}, "
            f"padding_mode={self.padding_mode!r}, rule={self.rule!r}, networks={self.networks}"
        )
