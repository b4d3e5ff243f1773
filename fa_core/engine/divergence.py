"""Where a training stopped being finite: step, networks, layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


def require_finite(net: nn.Module, values: Tensor, now: int, x: Tensor, first: int = 0) -> None:
    """Raises FloatingPointError if a network's value (``[*networks]``) is NaN or infinite."""
    if not math.isfinite(values.sum()):
        raise diverged(net, ~torch.isfinite(values), now, x, first)


def diverged(
    net: nn.Module, bad: Tensor, now: int, x: Tensor, first: int = 0
) -> FloatingPointError:
    """The error that names the step, the ``bad`` networks ``[*networks]`` and the layer."""
    networks = bad.reshape(-1).nonzero().flatten() + first
    return FloatingPointError(
        f"training diverged at step {now} in networks {networks.tolist()}: NaN or infinity first "
        f"appears in {_first_nonfinite(net, x)}; a smaller lr or finite inputs would help"
    )


@torch.no_grad()
def _first_nonfinite(net: nn.Module, x: Tensor) -> str:
    """Names the first leaf module, in the order of computation, whose output is not finite."""
    if not torch.isfinite(x).all():
        return "the input"
    found: list[str] = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not torch.isfinite(output).all():
                found.append(name)

        return hook

    leaves = [(n, m) for n, m in net.named_modules() if not list(m.children())]
    handles = [module.register_forward_hook(note(name)) for name, module in leaves]
    net(x)
    for handle in handles:
        handle.remove()
    return f"layer {found[0]}" if found else "the loss"
