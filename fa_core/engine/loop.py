"""The training loop: parts of a population in parallel on a CPU, a replayed graph on a GPU."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from fa_core import metrics
from fa_core.engine.closed_form import ClosedForm
from fa_core.engine.cuda_graph import StepGraph
from fa_core.networks import MLP
from fa_core.noise import Batch

_SPAN = 50  # steps at most between looks at the clock, the progress bar and the other threads
_HANDOVER = 1e-5  # seconds until a thread that runs Python lets another one go on; usually 5e-3
_PART = 8  # networks at most in one part: its weights and noise then stay in the caches


class Source(Protocol):
    """Where batches come from."""

    batch: Batch  # the latest one; the next one takes its memory
    streams: list[torch.Generator]  # that :meth:`draw` draws from

    def prepare(self) -> None:
        """What must happen on the host before the next batch, such as a new epoch's order."""

    def draw(self) -> None:
        """Makes the next batch, on the device alone: a graph of it can be replayed."""


SourceFactory = Callable[[int | None, int], Source]  # of (networks, number of the first one)
Gradients = Callable[[], Tensor]  # sets every parameter's gradient, returns the loss (nats)


def gradients(net: nn.Module, batch: Batch) -> Gradients:
    """How to get the gradients and the loss ``[*networks]`` on what lies in ``batch`` by then."""
    if has_closed_form(net, batch.x.device):
        return ClosedForm(cast(MLP, net).layers, *batch)

    def by_autograd() -> Tensor:
        net.zero_grad()
        loss = metrics.cross_entropy(net(batch.x), batch.y)
        # Losses of independent networks share no parameter: the gradient of their sum is each's.
        loss.sum().backward()
        return loss.detach()

    return by_autograd


def has_closed_form(net: nn.Module, device: torch.device) -> bool:
    """The closed form knows nothing of a subclass's own forward or of autocast's dtypes."""
    return type(net) is MLP and not torch.is_autocast_enabled(device.type)


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Within the block ``net`` is in evaluation mode; then every module has its own mode again."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@dataclass
class Worker:
    """Trains one part of a population, whose first network has the number ``first``."""

    net: nn.Module
    source: Source
    optimizer: torch.optim.Optimizer
    first: int = 0

    def __post_init__(self) -> None:
        self.gradients = gradients(self.net, self.source.batch)

    def advance(self, start: int, stop: int) -> None:
        """Makes the updates from step ``start`` to ``stop``; a loss that is not finite ends it."""
        for now in range(start, stop):
            self.source.prepare()
            self.source.draw()
            loss = self.gradients()
            require_finite(self.net, loss, now, self.source.batch.x, self.first)
            self.optimizer.step()


@dataclass
class GraphWorker(Worker):
    """Trains a population on a GPU by replaying one captured step: no launches, no waiting."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.graph = StepGraph(self._step, self.source.streams)
        device = next(self.net.parameters()).device
        self.now = torch.zeros((), dtype=torch.int64, device=device)
        self.diverged_at = torch.full_like(self.now, torch.iinfo(torch.int64).max)
        for group in self.optimizer.param_groups:
            if "capturable" in group:  # Adam and its kin then count their steps on the device
                group["capturable"] = True

    def _step(self) -> None:
        self.source.draw()
        loss = self.gradients()
        self.optimizer.step()
        bad = torch.where(torch.isfinite(loss).all(), self.diverged_at, self.now)
        torch.minimum(self.diverged_at, bad, out=self.diverged_at)
        self.now += 1

    def advance(self, start: int, stop: int) -> None:
        """As :meth:`Worker.advance`; the losses are looked at once, after the last update."""
        for _ in range(start, stop):
            self.source.prepare()
            self.graph.replay()
        if self.diverged_at <= self.now:
            self.source.draw()
            require_finite(self.net, self.gradients(), int(self.diverged_at), self.source.batch.x)


def workers(
    net: nn.Module, make_source: SourceFactory, make_optimizer: Callable[..., Any]
) -> list[Worker]:
    """Workers for small parts of a population, evenly for all CPU threads; else a single one."""
    net.zero_grad()  # a frozen parameter's old gradient would go on moving it
    device = next(net.parameters()).device
    networks: Any = getattr(net, "networks", None)
    if device.type == "cuda" and has_closed_form(net, device):
        return [GraphWorker(net, make_source(networks, 0), make_optimizer(net.parameters()))]
    if networks is None or device.type != "cpu" or not has_closed_form(net, device):
        return [Worker(net, make_source(networks, 0), make_optimizer(net.parameters()))]
    population = cast(MLP, net)
    threads = torch.get_num_threads()
    parts = min(networks, threads * math.ceil(networks / (threads * _PART)))
    bounds = np.linspace(0, networks, parts + 1).astype(int).tolist()
    result = []
    for first, end in pairwise(bounds):
        part = population.part(first, end)
        source = make_source(end - first, first)
        result.append(Worker(part, source, make_optimizer(part.parameters()), first))
    return result


def run(team: list[Worker], stops: Iterable[int]) -> Iterator[int]:
    """Trains to each of the ascending ``stops`` and yields it, and steps between, when there."""
    now = 0
    with ThreadPoolExecutor(min(len(team), torch.get_num_threads())) as pool:
        for stop in stops:
            while now < stop:
                end = min(stop, now + _SPAN)
                _advance(team, pool, now, end)
                now = end
                if now < stop:
                    yield now
            yield stop


def _advance(team: list[Worker], pool: ThreadPoolExecutor, start: int, stop: int) -> None:
    if len(team) == 1:
        team[0].advance(start, stop)
        return
    # Each thread keeps a core busy by itself; operations with threads of their own would compete.
    threads, handover = torch.get_num_threads(), sys.getswitchinterval()
    torch.set_num_threads(1)
    sys.setswitchinterval(_HANDOVER)
    try:
        list(pool.map(lambda worker: worker.advance(start, stop), team))
    finally:
        torch.set_num_threads(threads)
        sys.setswitchinterval(handover)


def require_finite(net: nn.Module, values: Tensor, now: int, x: Tensor, first: int = 0) -> None:
    """Raises FloatingPointError if a network's value (``[*networks]``) is NaN or infinite."""
    if math.isfinite(values.sum()):
        return
    networks = (~torch.isfinite(values).reshape(-1)).nonzero().flatten() + first
    raise FloatingPointError(
        f"training diverged at step {now} in networks {networks.tolist()}: NaN or infinity first "
        f"appears in {_first_nonfinite(net, x)}; a smaller lr or finite inputs would help"
    )


@torch.no_grad()
def _first_nonfinite(net: nn.Module, x: Tensor) -> str:
    """Names the first leaf module, in the order of computation, whose output is not finite."""
    if not torch.isfinite(x).all():
        return "the input"
    found: list[str] = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not torch.isfinite(output).all():
                found.append(name)

        return hook

    leaves = [(n, m) for n, m in net.named_modules() if not list(m.children())]
    handles = [module.register_forward_hook(note(name)) for name, module in leaves]
    net(x)
    for handle in handles:
        handle.remove()
    return f"layer {found[0]}" if found else "the loss"
