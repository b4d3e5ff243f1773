"""What chapter 3 trains, and how ranks, spectra and train losses are measured."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fa_core import metrics
from fa_core.experiments.shared.experiment import Condition
from fa_core.experiments.shared.measures import (
    performance,
    readout_spread,
    record_steps,
    train_loss,
)
from fa_core.experiments.shared.noise_then_data import QUIET, NoiseThenData, quieten
from fa_core.experiments.shared.starts import LARGE, SMALL

NOISE = "noise: FA"
SPECTRA = ("FA", "noise then FA", "BP")  # whose readout's singular values are kept
_SAMPLES = 500  # of the test set, that the rank of features is taken on
_DENSE_FROM = 3  # records are dense in the last 2/3 of the data steps, where gaps are compared
_DENSE = 23  # of these: each 5 % later than the one before


@dataclass(frozen=True, kw_only=True)
class Config(NoiseThenData):
    """Sizes and lengths of the experiment."""

    records: int = 12
    depth: int = 3  # weight layers
    other_depths: tuple[int, ...] = (2, 4)
    images: int  # to train on
    other_images: tuple[int, ...]

    @classmethod
    def quick(cls) -> Config:
        """Few of the 8x8 digits, so that there is a gap; seconds on two cores."""
        return cls(
            data="digits",
            images=200,
            other_images=(100, 800),
            **SMALL | {"networks": 10},
            steps=500,
            lr=1e-3,
        )

    @classmethod
    def paper(cls) -> Config:
        """Depth and images of MNIST as in the paper's Fig. 4; the stored table took 23 minutes."""
        return cls(
            data="mnist",
            images=1600,
            other_images=(400, 6400),
            **LARGE,
            steps=5000,
            lr=1e-4,
        )

    def hidden_layers(self, depth: int) -> tuple[int, ...]:
        """Units of each hidden layer of a network with ``depth`` weight layers."""
        return (self.hidden,) * (depth - 1)

    def sizes(self) -> dict[int, str]:
        """Each number of images to what the names of its conditions begin with."""
        found = {self.images: "", **{n: f"{n} images: " for n in self.other_images}}
        return dict(sorted(found.items()))

    def depths(self) -> dict[int, str]:
        """Each number of weight layers to what the names of its conditions begin with."""
        found = {self.depth: "", **{d: f"{d} layers: " for d in self.other_depths}}
        return dict(sorted(found.items()))


def conditions(config: Config) -> dict[str, Condition]:
    """All populations of the experiment by name.

    Metrics: loss and train_loss (nats) and gram_rank; for the main numbers of images and layers
    also accuracy and weight_rank_l of layer ``l``. ``step`` counts data steps. In the condition
    ``noise: FA``, which holds no loss but how far readouts lie from chance, it counts noise steps.
    singular_value_l_n is the ``n``-th largest of layer ``l``: along the training of ``noise: FA``,
    FA, noise then FA and BP for the readout, before and after noise for the first layer.
    """
    few = record_steps(config.steps, config.records)
    dense = np.geomspace(config.steps / _DENSE_FROM, config.steps, _DENSE).round().astype(int)
    main: dict[str, Any] = {
        "hidden": config.hidden_layers(config.depth),
        "record": (performance, partial(train_loss, config.data, config.images), ranks),
        "record_at": sorted({*few, *dense.tolist()}),
        "keep": _losses_or(few),
    }
    readout = partial(spectrum, config.depth)
    with_spectra = {**main, "record": (*main["record"], readout)}
    found = {NOISE: _on_noise(config, readout)}
    for name, way in config.main().items():
        fields = with_spectra if name in SPECTRA else main
        found[name] = config.condition(*way, images=config.images, **fields)
    found[QUIET] = config.condition(images=config.images, change=quieten, **main)
    others = [(prefix, n, config.depth) for n, prefix in config.sizes().items()]
    others += [(prefix, config.images, depth) for depth, prefix in config.depths().items()]
    for prefix, images, depth in others:
        for name in ("FA", "noise then FA") if prefix else ():
            found[f"{prefix}{name}"] = config.condition(
                *config.main()[name],
                images=images,
                hidden=config.hidden_layers(depth),
                record=("loss", partial(train_loss, config.data, images), features),
                record_at=(0, config.steps // 10, config.steps),
            )
    return found


def _on_noise(config: Config, *measures: Any) -> Condition:
    """Readouts and ranks along noise training, on the test set of the data that come later."""
    ends = [0, config.noise_steps]

    def keep(table: pd.DataFrame) -> pd.DataFrame:
        first_layer = table["metric"].str.startswith("singular_value_1_")
        return table[~first_layer | table["step"].isin(ends)]

    return config.condition(
        noise_steps=config.noise_steps,
        steps=0,
        hidden=config.hidden_layers(config.depth),
        record=(readout_spread, ranks, partial(spectrum, 1), *measures),
        record_at=np.linspace(0, config.noise_steps, 9).round().astype(int).tolist(),
        keep=keep,
    )


def _losses_or(steps: Collection[int]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Keeps both losses at every record, all else at these steps alone."""

    def keep(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["metric"].isin(["loss", "train_loss"]) | table["step"].isin(steps)]

    return keep


def features(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Effective rank of the Gram matrix of the last hidden layer's features, as in the paper."""
    return {"gram_rank": metrics.gram_rank(net.hidden(x[:_SAMPLES])[-1])}


def ranks(net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Effective rank of every weight matrix, and :func:`features`."""
    layers = enumerate(net.layers, 1)
    columns = {f"weight_rank_{i}": metrics.effective_rank(layer.weight) for i, layer in layers}
    return {**columns, **features(net, x, y)}


def spectrum(layer: int, net: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Singular values of the weights of one layer, counted from 1."""
    values = torch.linalg.svdvals(net.layers[layer - 1].weight.detach())
    return {f"singular_value_{layer}_{n}": s for n, s in enumerate(values.unbind(-1), 1)}
