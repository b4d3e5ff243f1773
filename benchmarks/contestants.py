"""Who races: fa_core's two functions, two loops as a user would write them, and JAX.

Each contestant makes a number of updates and returns the seconds they took. A network-step is one
network, one batch, forward, backward and optimiser.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import fa_core as fa

BATCH = 64  # samples
LR = 1e-4
SIZES = ((784, 100, 10), (784, 512, 512, 10))  # units of each layer
IMAGES = 60_000  # as many as MNIST has
HAS_JAX = find_spec("jax") is not None  # it races where it is installed, on the CPU


@dataclass(frozen=True)
class Contestant:
    """``run(updates)`` trains ``networks`` networks at once and returns seconds."""

    name: str  # "fa_core", "plain loop", "torch.nn" or "JAX"
    training: str  # "noise", "shared noise" or "data"
    sizes: tuple[int, ...]
    networks: int | None
    run: Callable[[int], float]

    def seconds(self, updates: int) -> float:
        """Seconds for a network-step, less what is done once for a whole run."""
        once = min(self.run(1), self.run(1))
        return (self.run(updates + 1) - once) / updates / (self.networks or 1)


def field(device: str, networks: list[int]) -> list[Contestant]:
    """All contestants; those that goals compare stand side by side."""
    result = []
    for sizes in SIZES:
        for training in ("noise", "shared noise", "data"):
            if training != "shared noise":
                for name, layer in (("plain loop", _PlainFA), ("torch.nn", nn.Linear)):
                    run = _loop(layer, training, sizes, device)
                    result.append(Contestant(name, training, sizes, None, run))
            for n in (None, *networks):
                if training == "noise" and device == "cpu" and HAS_JAX:
                    result.append(Contestant("JAX", training, sizes, n, _jax(sizes, n)))
                if training != "shared noise" or n is not None:
                    run = _fa_core(training, sizes, n, device)
                    result.append(Contestant("fa_core", training, sizes, n, run))
    return result


def _fa_core(
    training: str, sizes: tuple[int, ...], networks: int | None, device: str
) -> Callable[[int], float]:
    common: dict[str, Any] = {"batch_size": BATCH, "lr": LR, "record_at": (), "progress": False}

    def run(updates: int) -> float:
        net = _population(sizes, networks, device)
        begun = _now(device)
        if training == "data":
            fa.train(net, _images(device), updates, **common)
        else:
            fa.train_on_noise(net, updates, share=training == "shared noise", **common)
        return _now(device) - begun

    return run


def _jax(sizes: tuple[int, ...], networks: int | None) -> Callable[[int], float]:
    from benchmarks import in_jax  # only here: JAX is optional

    return in_jax.training(sizes, networks, BATCH, LR)


@cache
def _population(sizes: tuple[int, ...], networks: int | None, device: str) -> fa.MLP:
    """Trained on and on: what the weights are makes no difference to the time."""
    return fa.MLP(sizes, networks=networks).to(device)


class _Function(torch.autograd.Function):
    """The linear layer of PyTorch's tutorial on extending autograd, with fixed feedback."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, feedback: Tensor) -> Tensor:
        ctx.save_for_backward(x, feedback)
        return x.mm(weight.t()) + bias.unsqueeze(0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, feedback = ctx.saved_tensors
        grad_x = grad.mm(feedback) if ctx.needs_input_grad[0] else None
        return grad_x, grad.t().mm(x), grad.sum(0), None


class _PlainFA(nn.Linear):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("feedback", torch.randn(outputs, inputs) * (2 / inputs) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = _Function.apply(x, self.weight, self.bias, self.feedback)
        return y


def _loop(
    layer: Callable[[int, int], nn.Module], training: str, sizes: tuple[int, ...], device: str
) -> Callable[[int], float]:
    """The usual loop: default Adam, one network, and a look at the loss at every step."""

    def run(updates: int) -> float:
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [layer(inputs, outputs), nn.ReLU()]
        net = nn.Sequential(*layers[:-1]).to(device)
        optimizer = torch.optim.Adam(net.parameters(), lr=LR)
        data = _images(device) if training == "data" else None
        order = torch.randperm(IMAGES, device=device)
        begun = _now(device)
        for step in range(updates):
            if data is None:
                x = torch.randn(BATCH, sizes[0], device=device)
                y = torch.randint(sizes[-1], (BATCH,), device=device)
            else:
                first = step * BATCH % (IMAGES - BATCH)
                rows = order[first : first + BATCH]
                x, y = data.train_x[rows], data.train_y[rows]
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return _now(device) - begun

    return run


@cache
def _images(device: str) -> fa.data.Dataset:
    """Random images and labels, as many and as large as MNIST's: nothing is downloaded."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(IMAGES, SIZES[0][0], generator=random)
    y = torch.randint(SIZES[0][-1], (IMAGES,), generator=random)
    small = slice(BATCH)  # the test set plays no part
    shape, classes = (1, 28, 28), SIZES[0][-1]
    return fa.data.Dataset("random", x, y, x[small], y[small], shape, classes, 0, 1).to(device)


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
