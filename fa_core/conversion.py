"""Turns the Linear layers of any torch model into feedback-alignment layers.

The copy's layers change their class and stay the same objects, so lists, hooks and shared layers
that refer to them need no mending. What a copy cannot keep is refused before any work is done.
"""

from __future__ import annotations

import warnings
from collections import Counter
from types import MethodType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from fa_core import _checks
from fa_core._copying import deep_copy, reached
from fa_core.engine.backward import LogitsErrorHooks
from fa_core.layers import FALinear
from fa_core.rules import RULES

# torch's layers that send their error below through weights of their own.
_WEIGHTED = (
    nn.Linear,
    nn.Bilinear,
    nn.MultiheadAttention,
    nn.RNNBase,
    nn.RNNCellBase,
    _ConvNd,
)
# What computes a layer's weights before each call, and the function that removes it.
_CURES: dict[type, str] = {
    WeightNorm: "torch.nn.utils.remove_weight_norm",
    SpectralNorm: "torch.nn.utils.remove_spectral_norm",
    prune.BasePruningMethod: "torch.nn.utils.prune.remove",
}


def convert(
    model: nn.Module,
    rule: str = "fa",
    generator: torch.Generator | None = None,
    *,
    outputs: int | None = None,
) -> nn.Module:
    """Returns a copy of ``model`` whose Linear layers are :class:`FALinear` layers.

    Forward weights and biases are kept, and all else that a layer holds: hooks, buffers,
    parameters, attributes, mode, device and dtype. So the copy computes the same function.
    Feedback is drawn from N(0, 2 / in_features). A layer used in several places stays one layer;
    layers tied by one weight share one feedback. Only plain ``torch.nn.Linear`` layers are
    converted. All others go on learning by backpropagation; a warning names the kinds of those with
    weights that carry errors, and ``fa_core.conversion.summary(model)`` lists them. Weights that
    a model reads without calling their layer act there as before.

    Args:
        model: any module that ``copy.deepcopy`` copies; it stays as it is.
        rule: what travels backward, a name in ``fa_core.rules.RULES``.
        generator: source of the feedback weights, on any device; ``None`` takes torch's global one.
        outputs: classes of the logits that ``model`` returns; rules that send the logits' error,
            such as ``"dfa"``, must know them, and each sample of a layer must be one of the logits.

    Raises:
        TypeError: ``model`` is no module or cannot be copied, or ``generator`` is none.
        ValueError: an unknown rule; a model without a Linear layer; or a layer that cannot be kept
            whole, by its name: lazy, pruned, parametrised, with a ``forward`` of its own, with a
            hook on a parameter's gradient, or used through a function or bound method, which would
            go on as before.

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
    _require_convertible(model)
    copied = deep_copy(model)
    held = list(reached(copied))
    _require_no_old_methods(copied, held)
    first: dict[Tensor, FALinear] = {}  # of the layers tied by a weight
    layers = []
    for linear in _linears(copied):
        layer = _become(linear, rule, generator, outputs)
        layer.feedback = first.setdefault(layer.weight, layer).feedback
        layers.append(layer)
    if asks:
        LogitsErrorHooks(copied, layers)
    _warn_of_the_rest(held)
    return copied


def summary(model: nn.Module) -> dict[str, str]:
    """What carries the error back through each layer with weights: its rule, or backpropagation.

    Examples:
        >>> model = nn.Sequential(FALinear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> summary(model)
        {'0': 'fa', '2': 'backpropagation'}
    """
    return {
        path: layer.rule if isinstance(layer, FALinear) else "backpropagation"
        for path, layer in model.named_modules()
        if isinstance(layer, (FALinear, *_WEIGHTED))
    }


def _linears(model: nn.Module) -> list[nn.Linear]:
    """The layers to convert, in the order in which their feedback is drawn."""
    layers = [model, *(child for parent in model.modules() for child in parent.children())]
    return [layer for layer in dict.fromkeys(layers) if type(layer) is nn.Linear]


def _require_convertible(model: nn.Module) -> None:
    # A generator of its own leaves the global one alone.
    reserved = set(dir(FALinear(1, 1, generator=torch.Generator())))
    for path, layer in model.named_modules():
        if obstacle := _obstacle(layer, reserved):
            name = f"layer {path!r}" if path else "model"
            raise ValueError(f"{name} cannot be converted: {obstacle}")
    if not _linears(model):
        raise ValueError(
            f"model must hold at least one torch.nn.Linear layer, got {type(model).__name__}"
        )


def _obstacle(layer: nn.Module, reserved: set[str]) -> str | None:
    """Why a layer of Linear kind cannot be converted, and what to do; ``None`` if it can."""
    if isinstance(layer, LazyModuleMixin) and isinstance(layer, nn.Linear):
        return "its size is not known yet; call the model on a batch first"
    if parametrize.type_before_parametrizations(layer) is not nn.Linear:
        return None
    if parametrize.is_parametrized(layer):
        cure = "torch.nn.utils.parametrize.remove_parametrizations"
        return f"a parametrisation computes its weights; call {cure} first"
    for hook in layer._forward_pre_hooks.values():
        for kind, cure in _CURES.items():
            if isinstance(hook, kind):
                return f"{type(hook).__name__} computes its weights; call {cure} first"
    weight = layer._parameters.get("weight")
    if weight is None or "bias" not in layer._parameters:
        return "its weight and bias must be parameters"
    if weight.ndim != 2 or not weight.numel() or not weight.is_floating_point():
        got = f"{weight.dtype} {[*weight.shape]}"
        return f"its weight must be a matrix of real numbers, at least 1 by 1, got {got}"
    own = {*vars(layer), *layer._parameters, *layer._buffers, *layer._modules}
    own -= {"_compiled_call_impl", *vars(nn.Module())}  # a copy is not compiled, as torch has it
    own -= {"in_features", "out_features", "weight", "bias"}
    if taken := sorted(own & reserved):
        return f"its own {', '.join(taken)} would replace FALinear's; remove or rename it"
    return None


def _require_no_old_methods(model: nn.Module, held: list[Any]) -> None:
    """A bound method that is held somewhere keeps the function of its layer's former class."""
    paths = {module: path for path, module in model.named_modules()}
    for method in held:
        if isinstance(method, MethodType) and type(method.__self__) is nn.Linear:
            name = method.__func__.__name__
            if vars(nn.Linear).get(name) is method.__func__:
                path = paths.get(method.__self__, "outside modules()")
                raise ValueError(
                    f"model must hold layer {path!r} itself, not its method {name}, which would "
                    f"stay torch.nn.Linear's"
                )


def _become(
    linear: nn.Linear, rule: str, generator: torch.Generator | None, outputs: int | None
) -> FALinear:
    """Makes a Linear layer an FALinear in place; what it lacks comes from a fresh one."""
    rows, columns = linear.weight.shape
    with torch.device(torch.get_default_device() if generator is None else generator.device):
        fresh = FALinear(columns, rows, linear.bias is not None, rule, None, generator, outputs)
    fresh.to(linear.weight)
    linear.in_features, linear.out_features = columns, rows
    lacking = {name: value for name, value in vars(fresh).items() if not hasattr(linear, name)}
    layer: Any = linear
    layer.__class__ = FALinear
    vars(layer).update(lacking)
    for kind in ("_parameters", "_buffers"):
        setattr(layer, kind, getattr(fresh, kind) | getattr(layer, kind))
    return cast(FALinear, layer)


def _warn_of_the_rest(held: list[Any]) -> None:
    left = Counter(type(thing).__name__ for thing in held if isinstance(thing, _WEIGHTED))
    if left:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(left.items()))
        warnings.warn(
            f"convert left to backpropagation: {kinds}; fa_core.conversion.summary(model) lists "
            f"those that modules() shows",
            stacklevel=3,
        )
