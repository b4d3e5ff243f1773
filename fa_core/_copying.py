"""A copy of a module that is wholly its own: nothing in it goes on using the original."""

from __future__ import annotations

import copy
import dis
import gc
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


def deep_copy(model: nn.Module) -> nn.Module:
    """A deep copy whose parameters share memory where the model's do, transposed ones too.

    Raises:
        TypeError: the model holds something that ``copy.deepcopy`` cannot copy.
        ValueError: a parameter has a hook on its gradient, which would be lost, or the copy still
            uses a module of the original.
    """
    for path, parameter in model.named_parameters():
        if parameter._backward_hooks or parameter._post_accumulate_grad_hooks:
            raise ValueError(
                f"parameter {path!r} must have no hook on its gradient, for a copy loses it: "
                f"remove the hook, convert, and set it on the copy"
            )
    try:
        copied = copy.deepcopy(model, _shared_parameters(model))
    except Exception as error:
        raise TypeError(
            f"model must be one that copy.deepcopy copies, got {type(model).__name__}: {error}"
        ) from error
    for old, new in zip(model.parameters(), copied.parameters(), strict=True):
        new.__dict__.update(old.__dict__)  # marks, such as those that sort optimiser groups
    originals = {module: path for path, module in model.named_modules()}
    for thing in reached(copied):
        if isinstance(thing, nn.Module) and thing in originals:
            path = originals[thing]
            raise ValueError(
                f"model must not use {f'its layer {path!r}' if path else 'itself'} through a "
                f"function's variables or an object that copies share, for the copy would use the "
                f"original's"
            )
    return copied


def reached(model: nn.Module) -> Iterable[Any]:
    """All that a module refers to, itself included; of functions, the callables they use."""
    seen: dict[int, Any] = {}
    todo: list[Any] = [model]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, (type, ModuleType, Tensor)):
            continue
        seen[id(thing)] = thing
        todo += _used_by(thing) if isinstance(thing, FunctionType) else gc.get_referents(thing)
    return seen.values()


def _used_by(function: FunctionType) -> list[Any]:
    """The callables that a function holds, and the modules it finds among its globals."""
    held = [*gc.get_referents(*(function.__closure__ or ())), *(function.__defaults__ or ())]
    held += (function.__kwdefaults__ or {}).values()
    names = {i.argval for i in dis.get_instructions(function) if i.opname == "LOAD_GLOBAL"}
    found = [function.__globals__.get(name) for name in names]
    return [
        *(thing for thing in held if isinstance(thing, (FunctionType, MethodType, partial))),
        *(thing for thing in held + found if isinstance(thing, nn.Module)),
    ]


def _shared_parameters(model: nn.Module) -> dict[int, Any]:
    """Copies of the parameters that share memory, by the id of the original.

    ``copy.deepcopy``, which takes them as its memo, would give each memory of its own.
    """
    groups: dict[int, list[nn.Parameter]] = defaultdict(list)
    for parameter in model.parameters():
        if is_lazy(parameter):  # of a layer whose size is not known yet
            continue
        groups[parameter.untyped_storage().data_ptr()].append(parameter)
    copies: dict[int, Any] = {}
    for address, group in groups.items():
        if address and len(group) > 1:  # 0 without memory
            memory = group[0].untyped_storage().clone()
            for old in group:
                place = old.storage_offset(), old.shape, old.stride()
                data = torch.empty(0, dtype=old.dtype, device=old.device).set_(memory, *place)
                copies[id(old)] = type(old)(data, old.requires_grad)
    return copies
