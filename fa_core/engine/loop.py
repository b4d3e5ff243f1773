"""The training loop: parts of a population in parallel on a CPU, a replayed graph on a GPU."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from fa_core.engine import autograd
from fa_core.engine.closed_form import state
from fa_core.engine.divergence import require_finite
from fa_core.engine.workers import (
    GraphWorker,
    OptimizerFactory,
    SourceFactory,
    Worker,
    work_between,
    working_between,
)
from fa_core.networks import MLP

_SPAN = 50  # steps at most between looks at the clock, the progress bar and the other threads
_HANDOVER = 1e-5  # seconds until a thread that runs Python lets another one go on; usually 5e-3
_PART = 4  # networks at most in one part: its weights and noise then stay in the caches
# Each weight's step depends on its own gradients alone, so networks may share an optimiser.
_ELEMENTWISE = {
    torch.optim.Adadelta,
    torch.optim.Adagrad,
    torch.optim.Adam,
    torch.optim.Adamax,
    torch.optim.AdamW,
    torch.optim.ASGD,
    torch.optim.NAdam,
    torch.optim.RAdam,
    torch.optim.RMSprop,
    torch.optim.Rprop,
    torch.optim.SGD,
}


class Team:
    """All workers of one training.

    Each knows only its part of a plain :class:`MLP`. Where the whole is no longer what the parts
    were made from (a hook was added, a rule or a weight replaced), autograd takes over: gradients
    of the whole, on the parts' batches, for the parts' optimisers.
    """

    def __init__(self, net: nn.Module, workers: list[Worker], is_fast: bool) -> None:
        self.net, self.workers = net, workers
        self._is_fast = is_fast
        self._parameters = list(net.parameters())  # those that the optimisers hold
        self._state = state(self._layers()) if is_fast else []

    def advance(self, start: int, stop: int, pool: ThreadPoolExecutor) -> None:
        """Makes the updates from step ``start`` to ``stop``."""
        if not self._is_fast or self._has_changed():
            self._is_fast = False
            for now in range(start, stop):
                self._step_by_autograd(now)
        elif len(self.workers) == 1 or self._parameters[0].device.type != "cpu":
            for worker in self.workers:
                worker.advance(start, stop)
        else:
            with _one_thread_each():
                list(pool.map(lambda worker: worker.advance(start, stop), self.workers))

    def _layers(self) -> list[Any]:
        return list(self.net.layers) if isinstance(self.net, MLP) else []

    def _has_changed(self) -> bool:
        x = self.workers[0].source.batch.x
        return not (
            isinstance(self.net, MLP)
            and self.net.has_closed_form(x)
            and state(self._layers()) == self._state
        )

    def _step_by_autograd(self, now: int) -> None:
        for worker in self.workers:
            worker.draw()
        batches = [worker.source.batch for worker in self.workers]
        shared = len(batches) == 1 or batches[0].y.ndim == 2  # then all parts drew the same
        x, y = batches[0] if shared else map(torch.cat, zip(*batches, strict=True))
        for parameter in self._parameters:
            parameter.grad = None
        require_finite(self.net, autograd.loss_and_gradients(self.net, x, y), now, x)
        for worker in self.workers:
            worker.step_along(self._parameters)
        streams = [stream for worker in self.workers for stream in worker.streams]
        work_between(working_between(self.net), self.net, streams)


def team(
    net: nn.Module, make_source: SourceFactory, make_optimizer: OptimizerFactory, seed: int
) -> Team:
    """Who trains ``net``: small parts of a population, evenly for all CPU threads; else one.

    An optimiser that couples weights, such as one that clips by a norm, gets every network of a
    plain :class:`MLP` alone. Those of any other population it couples.
    """
    net.zero_grad()  # a frozen parameter's old gradient would go on moving it
    first = next(net.parameters())
    networks: Any = getattr(net, "networks", None)
    optimizer = make_optimizer(net.parameters())
    is_fast = isinstance(net, MLP) and net.has_closed_form(first)
    if isinstance(net, MLP) and is_fast and networks is not None:
        bounds = _bounds(networks, first.device, _couples(optimizer))
        if len(bounds) > 2:
            workers = []
            for begin, end in pairwise(bounds):
                part = net.part(begin, end)
                source = make_source(end - begin, begin)
                workers.append(Worker(part, source, make_optimizer(part.parameters()), begin, seed))
            return Team(net, workers, is_fast)
    on_graph = is_fast and first.device.type == "cuda" and not working_between(net)
    kind = GraphWorker if on_graph else Worker
    return Team(net, [kind(net, make_source(networks, 0), optimizer, 0, seed)], is_fast)


def _bounds(networks: int, device: torch.device, alone: bool) -> list[int]:
    """Where the parts of a population begin and end."""
    if alone:
        return list(range(networks + 1))
    if device.type != "cpu":
        return [0, networks]
    threads = torch.get_num_threads()
    parts = min(networks, threads * math.ceil(networks / (threads * _PART)))
    bounds: list[int] = np.linspace(0, networks, parts + 1).astype(int).tolist()
    return bounds


def _couples(optimizer: torch.optim.Optimizer) -> bool:
    """Whether one network's step might depend on another's gradients."""
    hooks = optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks
    return type(optimizer) not in _ELEMENTWISE or bool(hooks)


def run(
    team: Team, stops: Iterable[int], after_step: Callable[[], object] | None = None
) -> Generator[int]:
    """Trains to each of the ascending ``stops`` and yields it, and steps between, when there.

    ``after_step`` is called after every step.
    """
    now, span = 0, 1 if after_step else _SPAN
    # To change the number of threads at every step takes longer than the step.
    held = _one_thread_each() if after_step and len(team.workers) > 1 else nullcontext()
    with ThreadPoolExecutor(min(len(team.workers), torch.get_num_threads())) as pool, held:
        for stop in stops:
            while now < stop:
                end = min(stop, now + span)
                team.advance(now, end, pool)
                now = end
                if after_step:
                    after_step()
                if now < stop and (not after_step or now % _SPAN == 0):
                    yield now
            yield stop


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Each worker keeps a core busy by itself; operations' own threads would compete."""
    threads, handover = torch.get_num_threads(), sys.getswitchinterval()
    torch.set_num_threads(1)
    sys.setswitchinterval(_HANDOVER)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        sys.setswitchinterval(handover)
