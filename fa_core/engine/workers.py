"""Who makes the steps: a worker for a network or a part of a population, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from fa_core import metrics, seeding
from fa_core.engine import autograd, updates
from fa_core.engine.cuda_graph import StepGraph
from fa_core.engine.divergence import diverged, require_finite
from fa_core.networks import MLP
from fa_core.noise import Batch
from fa_core.rules import RULES, Rule

_NEVER = torch.iinfo(torch.int64).max


class Source(Protocol):
    """Where batches come from."""

    batch: Batch  # the latest one; the next one takes its memory
    streams: list[torch.Generator]  # that :meth:`draw` draws from

    def prepare(self) -> None:
        """What must happen on the host before the next batch, such as a new epoch's order."""

    def draw(self) -> None:
        """Makes the next batch, on the device alone: a graph of it can be replayed."""


SourceFactory = Callable[[int | None, int], Source]  # of (networks, number of the first one)
OptimizerFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


class Worker:
    """Trains a network, or one part of a population, whose first network has number ``first``."""

    def __init__(
        self,
        net: nn.Module,
        source: Source,
        optimizer: torch.optim.Optimizer,
        first: int = 0,
        seed: int = 0,
    ) -> None:
        self.net, self.source, self.optimizer, self.first = net, source, optimizer, first
        closed_form = net.closed_form(*source.batch) if isinstance(net, MLP) else None
        self._gradients = closed_form or self._by_autograd
        networks: Any = getattr(net, "networks", None)
        self._update = updates.prepare(optimizer)
        self.streams = seeding.generators(seed + first, "rule", networks)

    def advance(self, start: int, stop: int) -> None:
        """Makes the updates from step ``start`` to ``stop``; a loss that is not finite ends it."""
        rules = working_between(self.net)
        for now in range(start, stop):
            self.draw()
            loss = self._gradients()
            require_finite(self.net, loss, now, self.source.batch.x, self.first)
            self._update()
            work_between(rules, self.net, self.streams)

    def draw(self) -> None:
        self.source.prepare()
        self.source.draw()

    def step_along(self, parameters: Sequence[nn.Parameter]) -> None:
        """An update by the gradients of the whole population's ``parameters``."""
        for own, whole in zip(self.net.parameters(), parameters, strict=True):
            if own is not whole:
                part = slice(self.first, self.first + len(own))
                own.grad = None if whole.grad is None else whole.grad[part]
        self.optimizer.step()

    def _by_autograd(self) -> Tensor:
        return autograd.loss_and_gradients(self.net, *self.source.batch)


class GraphWorker(Worker):
    """Trains a population on a GPU by replaying one captured step: no launches, no waiting."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._graph = StepGraph(self._step, self.source.streams)
        device = next(self.net.parameters()).device
        self._now = torch.zeros((), dtype=torch.int64, device=device)
        self._diverged_at = torch.full_like(self._now, _NEVER)
        networks: Any = getattr(self.net, "networks", None)
        self._bad = torch.zeros(networks or (), dtype=torch.bool, device=device)
        for group in self.optimizer.param_groups:
            if "capturable" in group:  # Adam and its kin then count their steps on the device
                group["capturable"] = True

    def _step(self) -> None:
        self.source.draw()
        loss = self._gradients()
        self.optimizer.step()
        bad = ~torch.isfinite(loss)
        self._bad.copy_(torch.where(self._diverged_at == _NEVER, bad, self._bad))
        now = torch.where(bad.any(), self._now, self._diverged_at)
        torch.minimum(self._diverged_at, now, out=self._diverged_at)
        self._now += 1

    def advance(self, start: int, stop: int) -> None:
        """As :meth:`Worker.advance`; the losses are looked at once, after the last update."""
        for _ in range(start, stop):
            self.source.prepare()
            self._graph.replay()
        if self._diverged_at < _NEVER:
            raise diverged(self.net, self._bad, int(self._diverged_at), self.source.batch.x)


def working_between(net: nn.Module) -> list[Rule]:
    """The rules of ``net`` that work between two updates."""
    # Each once, in the order of layers: two rules that draw from one stream then take turns.
    rules = dict.fromkeys(RULES[layer.rule] for layer in metrics.fa_layers(net))
    return [rule for rule in rules if rule.works_between]


@torch.no_grad()
def work_between(rules: Iterable[Rule], net: nn.Module, streams: list[torch.Generator]) -> None:
    """Lets ``rules`` work on ``net``; ``streams`` holds one for each of its networks."""
    for rule in rules:
        rule.between(net, streams)
