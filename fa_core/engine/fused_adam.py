"""torch's fused Adam without the way to it.

``optimizer.step()`` sorts, checks and groups its parameters anew at every call, which for one small
network takes longer than the update itself. The kernel below it is called directly instead, with
the same operands, so the numbers are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import optimizer as torch_optimizer

_PLAIN = {"fused": True, "amsgrad": False, "maximize": False, "differentiable": False}
_ONE = torch.ones(())
_GLOBAL_HOOKS = ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks")


def prepare(optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """What makes a step of ``optimizer``: Adam's kernel where that is all of it."""
    if _is_plain(optimizer):
        return lambda: _step(optimizer)
    return lambda: optimizer.step()


def _is_plain(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step is one call of the fused kernel on a CPU, for all parameters."""
    groups = optimizer.param_groups
    return (
        type(optimizer) is torch.optim.Adam
        and "step" not in vars(optimizer)  # as a scheduler of learning rates puts there
        and len(groups) == 1
        and all(groups[0][name] == value for name, value in _PLAIN.items())
        and not isinstance(groups[0]["lr"], torch.Tensor)
        and not groups[0].get("decoupled_weight_decay", False)
        and all(p.device.type == "cpu" for p in groups[0]["params"])
    )


def _step(optimizer: torch.optim.Optimizer) -> None:
    (group,) = optimizer.param_groups
    parameters = [p for p in group["params"] if p.grad is not None]
    own: list[Any] = [optimizer.state.get(p) for p in parameters]
    # The first step makes the state; hooks are called by the usual way alone.
    if _has_hooks(optimizer) or not all(own):
        optimizer.step()
        return
    steps = [s["step"] for s in own]
    with torch.no_grad():
        for step in steps:
            step.add_(_ONE)  # half the time of adding a number
        torch._fused_adam_(
            parameters,
            [p.grad for p in parameters],
            [s["exp_avg"] for s in own],
            [s["exp_avg_sq"] for s in own],
            [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )


def _has_hooks(optimizer: torch.optim.Optimizer) -> bool:
    own = optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks
    return any(own) or any(getattr(torch_optimizer, name) for name in _GLOBAL_HOOKS)
