"""Training on noise and on data: the two functions a reader calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from fa_core import _checks, metrics
from fa_core.data import Dataset
from fa_core.engine import loop
from fa_core.engine.batches import DataBatches, NoiseBatches
from fa_core.engine.divergence import require_finite
from fa_core.history import History, Measure, measure, recorded_steps
from fa_core.networks import MLP
from fa_core.noise import Batch, NoiseGenerator

OptimizerFactory = Callable[..., torch.optim.Optimizer]

_PROBE_SIZE = 256  # noise samples, never trained on, that metrics of noise training are taken on


def train_on_noise(
    net: nn.Module,
    steps: int = 8000,
    batch_size: int = 64,
    lr: float = 1e-4,
    seed: int = 0,
    *,
    optimizer: OptimizerFactory | None = None,
    record: Sequence[str | Measure] = ("loss", "alignment_angle"),
    record_at: Iterable[int] | None = None,
    progress: bool = True,
    **noise: Any,
) -> History:
    """Trains ``net`` in place on fresh noise with random labels (Cheon et al. 2024).

    Args:
        net: an :class:`~fa_core.MLP`, or any model that returns logits ``[*networks, batch, K]``.
        steps: updates to make, at least 0.
        batch_size: fresh samples of each update, for each network.
        lr: learning rate.
        seed: of the noise; network ``i`` sees the noise of seed ``seed + i``.
        optimizer: called as ``optimizer(parameters, lr=lr)``; default Adam with its usual betas.
        record: names in ``fa_core.training.MEASURES``, or functions ``(net, x, y) -> columns``.
            They are taken on 256 noise samples that are never trained on.
        record_at: steps at which to record; default 21 steps evenly from 0 to ``steps``.
        progress: show a progress bar.
        **noise: options of :class:`~fa_core.NoiseGenerator`: ``distribution``, ``mean``, ``std``,
            ``density``, ``labels``, ``share``; ``shape`` and ``classes`` where ``net`` is no MLP.

    Returns:
        The :class:`History` of the recorded metrics.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range.
        FloatingPointError: the loss became NaN or infinite; names step, networks and layer.
    """
    if isinstance(net, MLP):
        noise = {"shape": net.sizes[0], "classes": net.sizes[-1], **noise}
    seed = _checks.integer("seed", seed, 0)
    batch_size = _checks.integer("batch_size", batch_size, 1)
    make = partial(NoiseGenerator, **noise, device=next(net.parameters()).device)

    def source(networks: int | None, first: int) -> NoiseBatches:
        own = 0 if noise.get("share") else first  # every part draws what is shared by itself
        return NoiseBatches(make(networks=networks, seed=seed + own), batch_size)

    probe = make(networks=_networks(net), seed=seed, purpose="probe").batch(_PROBE_SIZE)
    return _train(
        net, source, probe, steps, lr, seed, optimizer, record, record_at, progress, "noise"
    )


def train(
    net: nn.Module,
    data: Dataset,
    steps: int,
    batch_size: int = 64,
    lr: float = 1e-4,
    seed: int = 0,
    *,
    optimizer: OptimizerFactory | None = None,
    record: Sequence[str | Measure] = ("loss", "accuracy", "alignment_angle"),
    record_at: Iterable[int] | None = None,
    progress: bool = True,
) -> History:
    """Trains ``net`` in place on ``data``; metrics are taken on its test set.

    Every network passes through the train set in an order of its own, drawn anew each epoch; the
    last incomplete batch of an epoch is left out. ``data`` is moved to the device of ``net`` once.

    Args:
        net: an :class:`~fa_core.MLP`, or any model that returns logits ``[*networks, batch, K]``.
        data: what :func:`fa_core.data.load` returns.
        steps: updates to make, at least 0.
        batch_size: samples of each update, at most the size of the train set.
        lr: learning rate.
        seed: of the order; network ``i`` follows the order of seed ``seed + i``.
        optimizer, record, record_at, progress: as in :func:`train_on_noise`.

    Returns:
        The :class:`History` of the recorded metrics.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range, a label outside the
            classes of ``net``, or images that do not fit its input.
        FloatingPointError: the loss became NaN or infinite; names step, networks and layer.
    """
    if not isinstance(data, Dataset):
        raise TypeError(
            f"data must be a Dataset, as fa_core.data.load('digits') returns; got {data!r}"
        )
    batch_size = _checks.integer("batch_size", batch_size, 1)
    if batch_size > len(data.train_x):
        raise ValueError(
            f"batch_size must be at most the train set's {len(data.train_x)}, got {batch_size}"
        )
    data = data.to(next(net.parameters()).device)
    with loop.evaluating(net), torch.no_grad():
        classes = net(data.test_x[:1]).shape[-1]
    for part, label in (("train", data.train_y), ("test", data.test_y)):
        if label.min() < 0 or label.max() >= classes:
            raise ValueError(
                f"data.{part}_y must hold labels from 0 to {classes - 1}, the classes of net, "
                f"got {label.min()} to {label.max()}"
            )
    one_hot = F.one_hot(data.train_y, classes).to(data.train_x.dtype)
    seed = _checks.integer("seed", seed, 0)

    def source(networks: int | None, first: int) -> DataBatches:
        return DataBatches(data.train_x, one_hot, batch_size, networks, seed + first)

    probe = Batch(data.test_x, data.test_y)
    return _train(
        net, source, probe, steps, lr, seed, optimizer, record, record_at, progress, data.name
    )


def _train(
    net: nn.Module,
    source: loop.SourceFactory,
    probe: Batch,
    steps: int,
    lr: float,
    seed: int,
    make_optimizer: OptimizerFactory | None,
    record: Sequence[str | Measure],
    record_at: Iterable[int] | None,
    progress: bool,
    label: str,
) -> History:
    steps = _checks.integer("steps", steps, 0)
    lr = _checks.number("lr", lr, above=0)
    measures = [measure(item) for item in ([record] if isinstance(record, str) else record)]
    recorded = recorded_steps(record_at, steps)
    for name, parameter in net.named_parameters():
        if parameter.dtype != torch.float32:
            raise TypeError(f"net must hold float32 parameters, but {name} is {parameter.dtype}")
    with loop.evaluating(net), torch.no_grad():
        net(probe.x)  # an input that does not fit shows here, before any work
    optimizer = partial(make_optimizer or partial(torch.optim.Adam, fused=True), lr=lr)
    team = loop.team(net, source, optimizer, seed)
    history = History()
    with tqdm(total=steps, desc=label, unit="step", disable=not progress) as bar:
        for now in loop.run(team, sorted({*recorded, steps})):
            bar.update(now - bar.n)
            if now in recorded:
                with loop.evaluating(net):
                    columns = {k: v for m in measures for k, v in m(net, *probe).items()}
                history.append(now, columns)
    with loop.evaluating(net), torch.no_grad():  # the last update shows in no training loss
        require_finite(net, metrics.cross_entropy(net(probe.x), probe.y), steps, probe.x)
    return history


def _networks(net: nn.Module) -> int | None:
    return getattr(net, "networks", None)
