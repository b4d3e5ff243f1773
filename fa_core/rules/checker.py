"""Tries a rule: does it keep what every other part of the package relies on?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

import fa_core as fa
from fa_core import _checks
from fa_core.rules.registry import given, sample
from fa_core.rules.rule import RULES

_SIZES, _NETWORKS = (6, 5, 4, 3), 5  # more networks than one part of a population holds
_STEPS = 6


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    what: str
    passed: bool | None  # None: it does not apply to this rule
    why: str = ""  # not, or why it does not apply


@dataclass(frozen=True, repr=False)
class Report:
    """What :func:`check` found. It shows itself as a line for each check."""

    name: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(check.passed is not False for check in self.checks)

    def __repr__(self) -> str:
        words = {True: "passed", False: "FAILED", None: "-"}
        lines = [
            f"  {words[check.passed]:6}  {check.what}{check.why and ': '}{check.why}"
            for check in self.checks
        ]
        verdict = "passed" if self.passed else "FAILED"
        return "\n".join([f"rule {self.name!r}: {verdict}", *lines])


def check(name: str) -> Report:
    """Tries the rule registered under ``name`` on small networks; it takes less than a second.

    It trains by the rule on noise, as a population and network by network, with and without the
    fast path, twice from one seed, and from a state that was saved and loaded.

    Returns:
        A :class:`Report`. A rule that fails or raises is reported there; nothing is raised.

    Raises:
        ValueError: no rule has this name.

    Examples:
        >>> check("sign-uniform")
        rule 'sign-uniform': passed
          passed  the dtype is kept
          passed  computing an error moves nothing
          passed  networks of a population are independent
          passed  the fast path gives what autograd gives
          passed  the seed decides everything
          passed  state_dict holds everything
          -       B = W gives backpropagation: its class says meets_bp = False
    """
    _checks.choice("name", name, RULES)
    return Report(name, tuple(_tried(what, trial, name) for what, trial in _TRIALS.items()))


def _tried(what: str, trial: Callable[[str], str], name: str) -> Check:
    try:
        why = trial(name)
    except _DoesNotApply as reason:
        return Check(what, None, str(reason))
    except Exception as error:  # whatever a reader's rule raises is a finding
        why = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return Check(what, not why, why)


class _DoesNotApply(Exception):
    """Raised by a trial that has nothing to say of a rule."""


def _keeps_dtype(name: str) -> str:
    for dtype in (torch.float32, torch.float64):
        for what, tensor in given(RULES[name], *sample(RULES[name], dtype)):
            if tensor.dtype != dtype:
                return f"{what} turns {dtype} into {tensor.dtype}"
    return ""


def _moves_nothing(name: str) -> str:
    layer, s, grad_w = sample(RULES[name])
    before = sample(RULES[name])
    given(RULES[name], layer, s, grad_w)
    tensors = {**layer._asdict(), **s._asdict(), "grad_w": grad_w}
    old = {**before[0]._asdict(), **before[1]._asdict(), "grad_w": before[2]}
    moved = [key for key, tensor in tensors.items() if not torch.equal(tensor, old[key])]
    return f"{', '.join(moved)} changed in place" if moved else ""


def _keeps_networks_apart(name: str) -> str:
    together = _trained(name, _NETWORKS)
    for number in range(_NETWORKS):
        alone = _trained(name, None, seed=number)
        own = {key: tensor[number] for key, tensor in together.items()}
        if why := _difference(own, alone, f"network {number} of {_NETWORKS}", "alone"):
            return why
    return ""


def _agrees_with_autograd(name: str) -> str:
    slow = _net(name)
    slow.register_forward_hook(lambda *_: None)  # the fast path steps aside for it
    return _difference(_trained(name), _train(slow), "fast path", "autograd")


def _follows_the_seed(name: str) -> str:
    state = torch.get_rng_state()
    why = _difference(_trained(name), _trained(name), "one run", "the next")
    if not torch.equal(state, torch.get_rng_state()):
        why = "it draws from torch's global generator; draw from `generators` in `between`"
    return why


def _saves_everything(name: str) -> str:
    net, loaded = _net(name), _net(name, seed=7)
    loaded.load_state_dict(_train(net))
    return _difference(_train(net), _train(loaded), "going on", "going on after loading")


def _meets_backpropagation(name: str) -> str:
    rule = RULES[name]
    if rule.source != "delta":
        raise _DoesNotApply("it sends another error than backpropagation does")
    if not rule.meets_bp:
        raise _DoesNotApply("its class says meets_bp = False")
    net, exact = _net(name).double(), _net("bp").double()
    x, y = fa.NoiseGenerator(_SIZES[0], _SIZES[-1], networks=_NETWORKS).batch(8)
    for one in (net, exact):
        for layer in one.layers:
            layer.feedback.data.copy_(layer.weight.detach())
        one.loss_and_gradients(x.double(), y.double())
    found, expected = (
        {key: p.grad for key, p in one.named_parameters() if p.grad is not None}
        for one in (net, exact)
    )
    found = {key: found[key] for key in expected}
    return _difference(found, expected, "gradient", "backpropagation's")


def _net(name: str, networks: int | None = _NETWORKS, seed: int = 0) -> Any:
    return fa.MLP(_SIZES, name, networks, seed)


def _train(net: Any, seed: int = 0) -> dict[str, Tensor]:
    """The state after some steps of gradient descent with weight decay."""
    optimizer = partial(torch.optim.SGD, weight_decay=0.01)
    options: Any = {"optimizer": optimizer, "record_at": (), "progress": False}
    fa.train_on_noise(net, _STEPS, 8, lr=0.1, seed=seed, **options)
    return {key: tensor.clone() for key, tensor in net.state_dict().items()}


def _trained(name: str, networks: int | None = _NETWORKS, seed: int = 0) -> dict[str, Tensor]:
    return _train(_net(name, networks, seed), seed)


def _difference(a: dict[str, Tensor], b: dict[str, Tensor], first: str, second: str) -> str:
    """Where two sets of tensors differ by more than rounding, in words; empty if nowhere."""
    for key, tensor in a.items():
        if not torch.allclose(tensor, b[key], rtol=1e-3, atol=1e-5):
            most = (tensor - b[key]).abs().max()
            return f"{key} differs by {most:.2g} between {first} and {second}"
    return ""


_TRIALS: dict[str, Callable[[str], str]] = {
    "the dtype is kept": _keeps_dtype,
    "computing an error moves nothing": _moves_nothing,
    "networks of a population are independent": _keeps_networks_apart,
    "the fast path gives what autograd gives": _agrees_with_autograd,
    "the seed decides everything": _follows_the_seed,
    "state_dict holds everything": _saves_everything,
    "B = W gives backpropagation": _meets_backpropagation,
}
