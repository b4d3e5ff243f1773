"""Training on noise and on data: one step function, one record of what happened."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm.auto import tqdm

from fa_core import _checks, metrics, seeding
from fa_core.data import Dataset
from fa_core.networks import MLP
from fa_core.noise import Batch, NoiseGenerator

# A measure maps (net, x, y) to named columns, each [*networks].
Measure = Callable[[nn.Module, Tensor, Tensor], dict[str, Tensor]]
T = TypeVar("T")
OptimizerFactory = Callable[..., torch.optim.Optimizer]

_PROBE_SIZE = 256  # noise samples, never trained on, that metrics of noise training are taken on


def _by_layer(name: str, values: Iterable[Tensor], first: int = 1) -> dict[str, Tensor]:
    return {f"{name}_{layer}": value for layer, value in enumerate(values, first)}


def _alignment_angle(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    # The first layer's feedback carries no error anywhere: its angle has no meaning.
    layers = metrics.fa_layers(net)[1:]
    angles = (metrics.alignment_angle(layer.weight, layer.feedback) for layer in layers)
    return _by_layer("alignment_angle", angles, first=2)


def _effective_rank(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    layers = metrics.fa_layers(net)
    return _by_layer("effective_rank", (metrics.effective_rank(layer.weight) for layer in layers))


def _update_angle(net: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    return _by_layer("update_angle", metrics.update_angle(net, x, y).unbind(-1))


MEASURES: dict[str, Measure] = {
    "loss": lambda net, x, y: {"loss": metrics.cross_entropy(net(x), y)},
    "accuracy": lambda net, x, y: {"accuracy": metrics.accuracy(net(x), y)},
    "alignment_angle": _alignment_angle,
    "effective_rank": _effective_rank,
    "update_angle": _update_angle,
    "readout": lambda net, x, y: _by_layer(
        "readout", metrics.readout_probabilities(net, x).unbind(-1), first=0
    ),
}


@dataclass
class History:
    """Metrics at recorded steps; step ``t`` is the state after ``t`` updates.

    ``history[name]`` is an array ``[records, *networks]``; ``history.names`` lists the names.
    """

    steps: list[int] = field(default_factory=list)
    _columns: dict[str, list[Tensor]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            raise KeyError(f"name must be one of {', '.join(self.names)}; got {name!r}")
        return torch.stack(self._columns[name]).cpu().numpy()

    def append(self, step: int, columns: dict[str, Tensor]) -> None:
        """Keeps ``columns`` on their device: recording forces no synchronisation."""
        self.steps.append(step)
        for name, value in columns.items():
            self._columns.setdefault(name, []).append(value.detach())

    def table(self) -> pd.DataFrame:
        """Tidy table: one row for each step, network and metric."""
        frames = []
        for name in self.names:
            values = self[name].reshape(len(self.steps), -1)
            index = pd.MultiIndex.from_product(
                [self.steps, range(values.shape[1])], names=["step", "network"]
            )
            frame = pd.DataFrame({"value": values.ravel()}, index=index).reset_index()
            frames.append(frame.assign(metric=name))
        columns = ["step", "network", "metric", "value"]
        return (
            pd.concat(frames, ignore_index=True)[columns]
            if frames
            else pd.DataFrame({c: [] for c in columns})
        )


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
            ``density``, ``labels``; ``shape`` and ``classes`` where ``net`` is no MLP.

    Returns:
        The :class:`History` of the recorded metrics.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range.
        FloatingPointError: the loss became NaN or infinite; names step, networks and layer.
    """
    if isinstance(net, MLP):
        noise = {"shape": net.sizes[0], "classes": net.sizes[-1], **noise}
    options = {**noise, "networks": _networks(net), "seed": seed}
    device = next(net.parameters()).device
    source = NoiseGenerator(**options, device=device)
    probe = NoiseGenerator(**options, device=device, purpose="probe").batch(_PROBE_SIZE)
    _checks.integer("batch_size", batch_size, 1)
    batches = iter(partial(source.batch, batch_size), None)
    return _run(net, batches, probe, steps, lr, optimizer, record, record_at, progress, "noise")


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
    with evaluating(net), torch.no_grad():
        classes = net(data.test_x[:1]).shape[-1]
    for part, label in (("train", data.train_y), ("test", data.test_y)):
        if label.min() < 0 or label.max() >= classes:
            raise ValueError(
                f"data.{part}_y must hold labels from 0 to {classes - 1}, the classes of net, "
                f"got {label.min()} to {label.max()}"
            )
    one_hot = F.one_hot(data.train_y, classes).to(data.train_x.dtype)
    batches = _epochs(data.train_x, one_hot, batch_size, _networks(net), seed)
    probe = Batch(data.test_x, data.test_y)
    return _run(net, batches, probe, steps, lr, optimizer, record, record_at, progress, data.name)


def _epochs(
    x: Tensor, y: Tensor, batch_size: int, networks: int | None, seed: int
) -> Iterator[Batch]:
    streams = seeding.generators(seed, "order", networks)
    n = len(x)
    while True:
        orders = [torch.randperm(n, generator=stream) for stream in streams]
        order = orders[0] if networks is None else torch.stack(orders)
        for rows in order.to(x.device).split(batch_size, -1)[: n // batch_size]:
            yield Batch(x[rows], y[rows])


def gradients(net: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch) -> Tensor:
    """Sets the gradient of every parameter and returns the loss ``[*networks]`` (nats)."""
    optimizer.zero_grad()
    # The closed form knows nothing of a subclass's own forward or of autocast's dtypes.
    if type(net) is MLP and not torch.is_autocast_enabled(batch.x.device.type):
        return net.loss_and_gradients(*batch)
    loss = metrics.cross_entropy(net(batch.x), batch.y)
    # Losses of independent networks share no parameter: the gradient of their sum is each one's.
    loss.sum().backward()
    return loss.detach()


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


def _run(
    net: nn.Module,
    batches: Iterator[Batch],
    probe: Batch,
    steps: int,
    lr: float,
    make_optimizer: OptimizerFactory | None,
    record: Sequence[str | Measure],
    record_at: Iterable[int] | None,
    progress: bool,
    label: str,
) -> History:
    steps = _checks.integer("steps", steps, 0)
    lr = _checks.number("lr", lr, above=0)
    measures = [_measure(item) for item in record]
    recorded = _recorded_steps(record_at, steps)
    with evaluating(net), torch.no_grad():
        net(probe.x[..., :1, :] if _networks(net) else probe.x[:1])  # a wrong input shows here
    optimizer = (make_optimizer or partial(torch.optim.Adam, fused=True))(net.parameters(), lr=lr)
    history = History()

    def take(now: int) -> None:
        with evaluating(net):
            history.append(now, {k: v for m in measures for k, v in m(net, *probe).items()})

    # Reading the loss makes a GPU wait; there it is read at recorded steps alone.
    every_step = probe.x.device.type == "cpu"
    for now in progress_bar(range(steps), label, progress):
        if now in recorded:
            take(now)
        batch = next(batches)
        loss = gradients(net, optimizer, batch)
        if every_step or now in recorded:
            _require_finite(loss, now, net, batch.x)
        optimizer.step()
    if steps in recorded:
        take(steps)
    _require_finite(_parameter_sums(net), steps, net, probe.x)
    return history


def progress_bar(items: Collection[T], label: str, shown: bool) -> Iterable[T]:
    """Iterates with a bar if ``shown``, unless the environment sets ``TQDM_DISABLE``."""
    return tqdm(items, desc=label) if shown else items


def _measure(item: str | Measure) -> Measure:
    return item if callable(item) else MEASURES[_checks.choice("record", item, MEASURES)]


def _recorded_steps(record_at: Iterable[int] | None, steps: int) -> set[int]:
    if record_at is None:
        return set(np.linspace(0, steps, 21).round().astype(int).tolist())
    chosen = {_checks.integer("record_at", s, 0) for s in record_at}
    if chosen and max(chosen) > steps:
        raise ValueError(f"record_at must lie between 0 and steps={steps}, got {max(chosen)}")
    return chosen


def _networks(net: nn.Module) -> int | None:
    return getattr(net, "networks", None)


def _parameter_sums(net: nn.Module) -> Tensor:
    return torch.stack([p.detach().sum() for p in net.parameters()])


def _require_finite(values: Tensor, now: int, net: nn.Module, x: Tensor) -> None:
    if torch.isfinite(values).all():
        return
    raise FloatingPointError(
        f"training diverged at step {now}: NaN or infinity first appears in "
        f"{_first_nonfinite(net, x)}; a smaller lr or finite inputs would help"
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
