"""What each step of the optimisation gained: 16 networks 784-100-10 on noise, one change a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

import fa_core as fa
from benchmarks.contestants import BATCH, LR, field
from fa_core.engine.batches import NoiseBatches
from fa_core.engine.closed_form import ClosedForm

NETWORKS, SIZES = 16, (784, 100, 10)
Step = Callable[[fa.MLP, Tensor, Tensor], None]


def stages(device: str) -> dict[str, Callable[[int], float]]:
    """Name to a function from updates to seconds for a network-step, the slowest first."""
    plain, ours = (
        next(c for c in field(device, [NETWORKS]) if (c.name, c.networks) == kind)
        for kind in (("plain loop", None), ("fa_core", NETWORKS))
    )

    return {
        "plain loop, one network": lambda updates: plain.seconds(updates * NETWORKS),
        "16 networks in autograd layers": _loop_of(_autograd, device),
        "closed form": _loop_of(_closed, device),
        "fused Adam": _loop_of(_closed, device, fused=True),
        "noise from a table": _loop_of(_closed, device, fused=True, table=True),
        "views made once": _prepared(device),
        "parts in threads": ours.seconds,
    }


def _autograd(net: fa.MLP, x: Tensor, y: Tensor) -> None:
    net.zero_grad()
    fa.metrics.cross_entropy(net(x), y).sum().backward()


def _closed(net: fa.MLP, x: Tensor, y: Tensor) -> None:
    net.loss_and_gradients(x, y)


def _loop_of(
    step: Step, device: str, fused: bool = False, table: bool = False
) -> Callable[[int], float]:
    def prepare() -> Callable[[], None]:
        net, optimizer, source = _start(device, fused)

        def update() -> None:
            if table:
                source.draw()
                x, y = source.batch
            else:
                x = torch.randn(NETWORKS, BATCH, SIZES[0], device=device)
                label = torch.randint(SIZES[-1], (NETWORKS, BATCH), device=device)
                y = F.one_hot(label, SIZES[-1]).float()
            step(net, x, y)
            optimizer.step()

        return update

    return partial(_seconds, prepare, device)


def _prepared(device: str) -> Callable[[int], float]:
    def prepare() -> Callable[[], None]:
        net, optimizer, source = _start(device, fused=True)
        gradients = ClosedForm(net.layers, *source.batch)

        def update() -> None:
            source.draw()
            gradients()
            optimizer.step()

        return update

    return partial(_seconds, prepare, device)


def _start(device: str, fused: bool) -> tuple[fa.MLP, torch.optim.Adam, NoiseBatches]:
    net = fa.MLP(SIZES, networks=NETWORKS).to(device)
    noise = fa.NoiseGenerator(SIZES[0], SIZES[-1], networks=NETWORKS, device=device)
    optimizer = torch.optim.Adam(net.parameters(), lr=LR, fused=fused)
    return net, optimizer, NoiseBatches(noise, BATCH)


def _seconds(prepare: Callable[[], Callable[[], None]], device: str, updates: int) -> float:
    """Of a network-step, less what is done once."""
    update = prepare()
    update()  # the first one also sets things up
    begun = time.perf_counter()
    for _ in range(updates):
        update()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - begun) / updates / NETWORKS
