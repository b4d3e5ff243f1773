"""Training on noise and on data: the two functions a reader calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from fa_core import _checks, metrics
from fa_core._labels import require_labels
from fa_core.data import Dataset
from fa_core.engine import loop
from fa_core.engine.batches import DataBatches, NoiseBatches
from fa_core.engine.divergence import require_finite
from fa_core.history import History, Measure, checked_measures, recorded_steps, take
from fa_core.networks import MLP
from fa_core.noise import Batch, NoiseGenerator

OptimizerFactory = Callable[..., torch.optim.Optimizer]

_NOISE_OPTIONS = (
    "shape",
    "classes",
    "distribution",
    "mean",
    "std",
    "density",
    "labels",
    "share",
)
_MOST_STEPS = 2**53  # beyond, floats no longer tell one step from the next
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
    after_step: Callable[[], object] | None = None,
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
        record: names in ``fa_core.history.MEASURES``, or functions ``(net, x, y) -> columns``.
            They are taken on 256 noise samples that are never trained on.
        record_at: steps at which to record; default 21 steps evenly from 0 to ``steps``, in a run
            of less than 100 steps as many as are 5 steps apart.
        after_step: is called after every update, such as the ``update`` of
            :class:`fa_core.metrics.Conservation`; training is slower then.
        progress: show a progress bar.
        **noise: options of :class:`~fa_core.NoiseGenerator`: ``distribution``, ``mean``, ``std``,
            ``density``, ``labels``, ``share``; ``shape`` and ``classes`` where ``net`` is no MLP.

    Returns:
        The :class:`History` of the recorded metrics.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range, a model that does not
            fit the noise, or two measures with one column name.
        FloatingPointError: the loss became NaN or infinite; names step, networks and layer.
    """
    device = _device(net)
    if isinstance(net, MLP):
        noise = {"shape": net.sizes[0], "classes": net.sizes[-1], **noise}
    for name in noise:
        if name not in _NOISE_OPTIONS:
            raise TypeError(
                f"noise must have no options but {', '.join(_NOISE_OPTIONS)}, got {name}="
                f"{_checks.shown(noise[name])}; networks and device are those of net"
            )
    missing = {"shape", "classes"} - noise.keys()
    if missing:
        raise TypeError(
            f"shape and classes of the noise must be given where net is no MLP, "
            f"but {' and '.join(sorted(missing, reverse=True))} is missing"
        )
    seed = _checks.integer("seed", seed, 0)
    batch_size = _checks.integer("batch_size", batch_size, 1)
    make = partial(NoiseGenerator, **noise, device=device)

    def source(networks: int | None, first: int) -> NoiseBatches:
        own = 0 if noise.get("share") else first  # every part draws what is shared by itself
        return NoiseBatches(make(networks=networks, seed=seed + own), batch_size)

    probe = make(networks=_networks(net), seed=seed, purpose="probe").batch(_PROBE_SIZE)
    return _train(
        *(net, source, probe, steps, lr, seed, optimizer),
        *(record, record_at, None, after_step, progress, "noise"),
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
    until: Callable[[History], bool] | None = None,
    after_step: Callable[[], object] | None = None,
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
        until: is asked after each record, with the history so far; where it says True, training
            ends before it has made all its ``steps``.
        optimizer, record, record_at, after_step, progress: as in :func:`train_on_noise`.

    Returns:
        The :class:`History` of the recorded metrics.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range, a label outside the
            classes of ``net``, or images that do not fit its input.
        FloatingPointError: the loss became NaN or infinite; names step, networks and layer.
    """
    if not isinstance(data, Dataset):
        raise TypeError(
            f"data must be a Dataset, as fa_core.data.load('digits') returns; "
            f"got {_checks.shown(data)}"
        )
    device = _device(net)
    for part, images, label in (
        ("train", data.train_x, data.train_y),
        ("test", data.test_x, data.test_y),
    ):
        if label.dtype != torch.int64 or label.shape != images.shape[:1]:
            raise ValueError(
                f"data.{part}_y must hold an int64 label for each of the {len(images)} images, "
                f"got {_checks.shown(label)}"
            )
    batch_size = _checks.integer("batch_size", batch_size, 1)
    if batch_size > len(data.train_x):
        raise ValueError(
            f"batch_size must be at most the train set's {len(data.train_x)}, got {batch_size}"
        )
    data = data.to(device)
    classes = _logits(net, data.test_x[:1]).shape[-1]
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
        *(net, source, probe, steps, lr, seed, optimizer),
        *(record, record_at, until, after_step, progress, data.name),
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
    until: Callable[[History], bool] | None,
    after_step: Callable[[], object] | None,
    progress: bool,
    label: str,
) -> History:
    steps = _checks.integer("steps", steps, 0, _MOST_STEPS)
    lr = _checks.number("lr", lr, above=0, most=torch.finfo(torch.float32).max)
    measures = checked_measures(record)
    recorded = recorded_steps(record_at, steps)
    progress = _checks.flag("progress", progress)
    for name, function, takes in (
        ("until", until, "of the history"),
        ("after_step", after_step, "without arguments"),
    ):
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be a function {takes}, got {_checks.shown(function)}")
    for name, parameter in net.named_parameters():
        if parameter.dtype != torch.float32:
            raise TypeError(f"net must hold float32 parameters, but {name} is {parameter.dtype}")
    # A model that does not fit its samples shows here, before any work.
    require_labels(_logits(net, probe.x), probe.y)
    optimizer = partial(_optimizer, make_optimizer, lr=lr)
    team = loop.team(net, source, optimizer, seed)
    history = History()
    now = 0
    with (
        tqdm(total=steps, desc=label, unit="step", disable=not progress) as bar,
        closing(loop.run(team, sorted({*recorded, steps}), after_step)) as running,
    ):
        for now in running:
            bar.update(now - bar.n)
            if now in recorded:
                with metrics.evaluating(net):
                    history.append(now, take(measures, net, *probe))
                if until and until(history):
                    break
    with metrics.evaluating(net), torch.no_grad():  # the last update shows in no training loss
        require_finite(net, metrics.cross_entropy(net(probe.x), probe.y), now, probe.x)
    return history


def _optimizer(
    make: OptimizerFactory | None, parameters: Iterable[nn.Parameter], lr: float
) -> torch.optim.Optimizer:
    """What ``make`` makes, if it is an optimiser; by default Adam with its usual betas."""
    if make is None:
        return torch.optim.Adam(parameters, lr=lr, fused=True)
    made = make(parameters, lr=lr) if callable(make) else None
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(
            f"optimizer must be called as optimizer(parameters, lr=lr) and return a torch "
            f"optimiser, got {_checks.shown(make)}"
        )
    return made


def _device(net: nn.Module) -> torch.device:
    """Where ``net`` is, if it can be trained there."""
    first = next(_checks.module("net", net).parameters(), None)
    if first is None:
        raise ValueError(f"net must have parameters to train, got {type(net).__name__}")
    return _checks.device("net", first.device)


@torch.no_grad()
def _logits(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Logits in evaluation mode, if ``net`` takes ``x`` and returns some for every sample."""
    try:
        with metrics.evaluating(net):
            logits: torch.Tensor = net(x)
    except RuntimeError as error:  # torch's word on shapes that do not fit
        raise ValueError(f"net must take inputs of shape {tuple(x.shape)}, but: {error}") from error
    if not isinstance(logits, torch.Tensor) or logits.ndim < 2:
        raise ValueError(
            f"net must return logits [*networks, n, classes], got {_checks.shown(logits)}"
        )
    return logits


def _networks(net: nn.Module) -> int | None:
    return getattr(net, "networks", None)
