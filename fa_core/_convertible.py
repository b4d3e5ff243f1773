"""Which layers of a model become feedback-alignment layers, and what stands in the way."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from fa_core.convolution import FAConv2d
from fa_core.layers import FALayer, FALinear
from fa_core.rules import RULES

# torch's layers that send their error below through weights of their own.
WEIGHTED = (
    nn.Linear,
    nn.Bilinear,
    nn.MultiheadAttention,
    nn.RNNBase,
    nn.RNNCellBase,
    _ConvNd,
)
KINDS: dict[Any, type[FALayer]] = {nn.Linear: FALinear, nn.Conv2d: FAConv2d}
_WEIGHTS = {nn.Linear: (2, "a matrix"), nn.Conv2d: (4, "kernels [out, in, kh, kw]")}
# What computes a layer's weights before each call, and the function that removes it.
_CURES: dict[type, str] = {
    WeightNorm: "torch.nn.utils.remove_weight_norm",
    SpectralNorm: "torch.nn.utils.remove_spectral_norm",
    prune.BasePruningMethod: "torch.nn.utils.prune.remove",
}


def convertible(model: nn.Module) -> list[nn.Module]:
    """The layers to convert, in the order in which their feedback is drawn."""
    layers = [model, *(child for parent in model.modules() for child in parent.children())]
    return [layer for layer in dict.fromkeys(layers) if type(layer) in KINDS]


def require_convertible(model: nn.Module, rule: str) -> None:
    """Raises ValueError, with its name, for a layer that cannot be converted."""
    for path, layer in model.named_modules():
        if obstacle := _obstacle(layer, rule):
            name = f"layer {path!r}" if path else "model"
            raise ValueError(f"{name} cannot be converted: {obstacle}")
    if not convertible(model):
        raise ValueError(
            f"model must hold at least one torch.nn.Linear or torch.nn.Conv2d layer, "
            f"got {type(model).__name__}"
        )


def _obstacle(layer: nn.Module, rule: str) -> str | None:
    """Why a layer of these kinds cannot be converted, and what to do; ``None`` if it can."""
    if isinstance(layer, LazyModuleMixin) and isinstance(layer, tuple(KINDS)):
        return "its size is not known yet; call the model on a batch first"
    kind: Any = parametrize.type_before_parametrizations(layer)
    if kind not in KINDS:
        return None
    if parametrize.is_parametrized(layer):
        cure = "torch.nn.utils.parametrize.remove_parametrizations"
        return f"a parametrisation computes its weights; call {cure} first"
    for hook in layer._forward_pre_hooks.values():
        for made_by, cure in _CURES.items():
            if isinstance(hook, made_by):
                return f"{type(hook).__name__} computes its weights; call {cure} first"
    weight = layer._parameters.get("weight")
    if weight is None or "bias" not in layer._parameters:
        return "its weight and bias must be parameters"
    axes, shape = _WEIGHTS[kind]
    if weight.ndim != axes or not weight.numel() or not weight.is_floating_point():
        got = f"{weight.dtype} {[*weight.shape]}"
        return f"its weight must be {shape} of real numbers, no axis empty, got {got}"
    own = {*vars(layer), *layer._parameters, *layer._buffers, *layer._modules}
    own -= {"_compiled_call_impl", *vars(nn.Module())}  # a copy is not compiled, as torch has it
    own -= {"weight", "bias", *kind.__constants__}
    if taken := sorted(own & _reserved(kind)):
        new = KINDS[kind].__name__
        return f"its own {', '.join(taken)} would replace {new}'s; remove or rename it"
    if kind is nn.Conv2d and (reason := FAConv2d.why_not(RULES[rule])):
        return (
            f"rule {rule!r} {reason}, so no convolution can follow it; convert the layers above it "
            f"alone, or choose a rule such as 'fa', 'kp' or 'bp'"
        )
    return None


def _reserved(kind: type) -> set[str]:
    """Names that the converted layer, or the layer's own forward pass, needs for itself."""
    generator = torch.Generator()  # of its own, to leave the global one alone
    if kind is nn.Linear:
        return set(dir(FALinear(1, 1, generator=generator)))
    return {*dir(FAConv2d(1, 1, 1, generator=generator)), "_conv_forward"}


def require_no_old_methods(paths: dict[nn.Module, str], held: list[Any]) -> None:
    """A bound method that is held somewhere keeps the function of its layer's former class."""
    for method in held:
        if isinstance(method, MethodType) and type(method.__self__) in KINDS:
            layer: Any = method.__self__
            name, kind = method.__func__.__name__, type(layer)
            own, inherited = getattr(kind, name, None), getattr(nn.Module, name, None)
            if own is method.__func__ and own is not inherited:
                raise ValueError(
                    f"model must hold layer {_path(paths, layer)} itself, not its method "
                    f"{name}, which would stay torch.nn.{kind.__name__}'s"
                )


def require_no_mixed_ties(paths: dict[nn.Module, str], held: list[Any], rule: str) -> None:
    """One weight cannot carry errors by two rules: what it learns would be neither's."""
    own = {thing.weight: thing for thing in held if type(thing) in KINDS}
    for other in held:
        if not isinstance(other, (FALayer, *WEIGHTED)) or type(other) in KINDS:
            continue
        by = other.rule if isinstance(other, FALayer) else "bp"
        for weight in other.parameters(recurse=False):
            if weight in own and by != rule:
                raise ValueError(
                    f"layer {_path(paths, own[weight])} cannot be converted to rule {rule!r}: its "
                    f"weight is also that of {_path(paths, other)} ({type(other).__name__}), which "
                    f"learns by {by!r}; untie them first"
                )


def _path(paths: dict[nn.Module, str], layer: nn.Module) -> str:
    return repr(paths.get(layer, "outside modules()"))
