"""An optimiser's step without the way to it: torch's Adam and plain gradient descent.

``optimizer.step()`` sorts, checks and groups its parameters anew at every call, which for one small
network takes longer than the update itself. The kernel below it is called directly instead, with
the same operands, so the numbers are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import optimizer as torch_optimizer

_ALWAYS = {"maximize": False, "differentiable": False}
_PLAIN: dict[type, dict[str, object]] = {
    torch.optim.Adam: {
        **_ALWAYS,
        "fused": True,
        "amsgrad": False,
        "decoupled_weight_decay": False,
    },
    torch.optim.SGD: {**_ALWAYS, "momentum": 0, "weight_decay": 0},
}
_ONE = torch.ones(())
_GLOBAL_HOOKS = ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks")


def prepare(optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """What makes a step of ``optimizer``: its kernels where these are all of it."""
    if "step" in vars(optimizer) or not _is_plain(optimizer):  # as a scheduler puts one there
        return lambda: optimizer.step()
    kernel = _adam if type(optimizer) is torch.optim.Adam else _descend

    def step() -> None:
        # Hooks are called by the usual way alone.
        if _has_hooks(optimizer):
            optimizer.step()
        else:
            kernel(optimizer)

    return step


def _is_plain(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step is one call of a known kernel on a CPU for the parameters of each group."""
    plain = _PLAIN.get(type(optimizer))
    return plain is not None and all(
        all(group.get(name, value) == value for name, value in plain.items())
        and not isinstance(group["lr"], torch.Tensor)
        and all(p.device.type == "cpu" for p in group["params"])
        for group in optimizer.param_groups
    )


@torch.no_grad()
def _descend(optimizer: torch.optim.Optimizer) -> None:
    for group in optimizer.param_groups:
        if parameters := _moving(group):
            gradients: list[Any] = [p.grad for p in parameters]
            torch._foreach_add_(parameters, gradients, alpha=-group["lr"])


@torch.no_grad()
def _adam(optimizer: torch.optim.Optimizer) -> None:
    groups = [(group, _moving(group)) for group in optimizer.param_groups]
    if not all(optimizer.state.get(p) for _, parameters in groups for p in parameters):
        optimizer.step()  # the first step makes the state
        return
    for group, parameters in groups:
        own: list[Any] = [optimizer.state[p] for p in parameters]
        steps = [s["step"] for s in own]
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


def _moving(group: dict[str, Any]) -> list[Any]:
    return [p for p in group["params"] if p.grad is not None]


def _has_hooks(optimizer: torch.optim.Optimizer) -> bool:
    own = optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks
    return any(own) or any(getattr(torch_optimizer, name) for name in _GLOBAL_HOOKS)
