"""Turns the Linear and Conv2d layers of any torch model into feedback-alignment layers.

The copy's layers change their class and stay the same objects, so lists, hooks and shared layers
that refer to them need no mending. What a copy cannot keep is refused before any work is done.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any, cast

import torch
from torch import Tensor, nn

from fa_core import _checks
from fa_core._convertible import (
    WEIGHTED,
    convertible,
    require_convertible,
    require_no_mixed_ties,
    require_no_old_methods,
)
from fa_core._copying import deep_copy, reached
from fa_core.convolution import FAConv2d
from fa_core.engine.backward import LogitsErrorHooks
from fa_core.layers import FALayer, FALinear
from fa_core.rules import RULES

BP = "backpropagation"
_SHOWN = 4  # layers that the warning names


def convert(
    model: nn.Module,
    rule: str = "fa",
    generator: torch.Generator | None = None,
    *,
    outputs: int | None = None,
) -> nn.Module:
    """Returns a copy of ``model`` with :class:`FALinear` and :class:`FAConv2d` layers in it.

    They take the place of Linear and Conv2d layers. Forward weights and biases are kept, and all
    else that a layer holds: hooks, buffers, parameters, attributes, mode, device and dtype. So the
    copy computes the same function. Feedback is drawn from N(0, 2 / fan_in), where ``fan_in`` is
    the number of inputs of one output unit. A layer used in several places stays one layer; layers
    tied by one weight share one feedback.

    Only plain ``torch.nn.Linear`` and ``torch.nn.Conv2d`` are converted, no subclasses. All others
    go on learning by backpropagation; a warning names those with weights that carry errors, and
    ``fa_core.conversion.summary(model)`` is a table of what was changed and what was not. Among
    them are transposed, 1-D and 3-D convolutions, recurrent layers, and the projections of
    ``torch.nn.MultiheadAttention``, which it reads as weights and never calls as layers. Weights
    that a model reads without calling their layer act there as before.

    Args:
        model: any module that ``copy.deepcopy`` copies; it stays as it is.
        rule: what travels backward, a name in ``fa_core.rules.RULES``.
        generator: source of the feedback weights, on any device; ``None`` takes torch's global one.
        outputs: classes of the logits that ``model`` returns; rules that send the logits' error,
            such as ``"dfa"``, must know them, and each sample of a layer must be one of the logits.

    Raises:
        TypeError: ``model`` is no module or cannot be copied, or ``generator`` is none.
        ValueError: an unknown rule; a model with neither layer; a convolution under a rule that it
            cannot follow, such as ``"dfa"``; a weight tied to a layer that learns by another rule;
            or a layer that cannot be kept whole, by its name: lazy, pruned, parametrised, with a
            ``forward`` of its own, with a hook on a parameter's gradient, or used through a
            function or bound method, which would go on as before.

    Examples:
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> [type(layer).__name__ for layer in convert(model)]
        ['FALinear', 'ReLU', 'FALinear']
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    _checks.choice("rule", rule, RULES)
    _checks.generator("generator", generator)
    asks = RULES[rule].source == "error"
    if asks and outputs is None:
        raise ValueError(f"outputs must be the number of classes under rule {rule!r}, got None")
    if outputs is not None:
        _checks.integer("outputs", outputs, 1)
    require_convertible(model, rule)
    copied = deep_copy(model)
    held = list(reached(copied))
    paths = {module: path for path, module in copied.named_modules()}
    require_no_old_methods(paths, held)
    require_no_mixed_ties(paths, held, rule)
    # The first of the layers tied by a weight: its feedback is theirs.
    first: dict[Tensor, FALayer] = {it.weight: it for it in held if isinstance(it, FALayer)}
    layers = []
    for plain in convertible(copied):
        layer = _become(plain, rule, generator, outputs)
        layer.feedback = first.setdefault(layer.weight, layer).feedback
        layers.append(layer)
    if asks:
        LogitsErrorHooks(copied, layers)
    _warn_of_the_rest(paths, held)
    return copied


class Summary(dict[str, str]):
    """Path of each layer with weights to what carries its error back; prints as a table."""

    def __str__(self) -> str:
        names = [path or "(the model)" for path in self]
        width = max(map(len, names), default=0)
        return "\n".join(
            f"{name:{width}}  {carrier}" for name, carrier in zip(names, self.values(), strict=True)
        )


def summary(model: nn.Module) -> Summary:
    """What carries the error back through each layer with weights: its rule, or backpropagation.

    Raises:
        TypeError: ``model`` is no module.

    Examples:
        >>> model = nn.Sequential(FALinear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> summary(model)
        {'0': 'fa', '2': 'backpropagation'}
        >>> print(summary(model))
        0  fa
        2  backpropagation
    """
    return Summary(
        (path, layer.rule if isinstance(layer, FALayer) else BP)
        for path, layer in _checks.module("model", model).named_modules()
        if isinstance(layer, (FALayer, *WEIGHTED))
    )


def _become(
    plain: Any, rule: str, generator: torch.Generator | None, outputs: int | None
) -> FALayer:
    """Makes a layer a feedback-alignment one in place; what it lacks comes from a fresh one."""
    with torch.device(torch.get_default_device() if generator is None else generator.device):
        fresh = _fresh(plain, rule, generator, outputs)
    fresh.to(plain.weight)
    plain.__class__ = type(fresh)
    everywhere = vars(nn.Module())
    vars(plain).update((name, it) for name, it in vars(fresh).items() if name not in everywhere)
    for kind in ("_parameters", "_buffers"):
        setattr(plain, kind, getattr(fresh, kind) | getattr(plain, kind))
    return cast(FALayer, plain)


def _fresh(
    plain: Any, rule: str, generator: torch.Generator | None, outputs: int | None
) -> FALayer:
    bias = plain.bias is not None
    if isinstance(plain, nn.Linear):
        rows, columns = plain.weight.shape
        return FALinear(columns, rows, bias, rule, None, generator, outputs)
    out, per_group, *size = plain.weight.shape
    return FAConv2d(
        *(per_group * plain.groups, out, size, plain.stride, plain.padding, plain.dilation),
        *(plain.groups, bias, plain.padding_mode, rule, None, generator),
    )


def _warn_of_the_rest(paths: dict[nn.Module, str], held: list[Any]) -> None:
    left = [thing for thing in held if isinstance(thing, WEIGHTED)]
    if not left:
        return
    counts = Counter(type(layer).__name__ for layer in left)
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    named = sorted(paths[layer] for layer in left if layer in paths)
    names = ", ".join(named[:_SHOWN]) + (", ..." if len(named) > _SHOWN else "")
    warnings.warn(
        f"convert left to backpropagation: {kinds}{f' ({names})' if names else ''}; "
        f"fa_core.conversion.summary(model) lists those that modules() shows",
        stacklevel=3,
    )
