"""What a step of each method costs: multiplications, counted, so the same on every machine."""

from __future__ import annotations

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from fa_core import seeding
from fa_core.engine import autograd
from fa_core.experiments.other_roads.conditions import METHODS, Config
from fa_core.metrics import fa_layers
from fa_core.networks import MLP
from fa_core.rules import RULES

_TRANSPORTS = {"bp": "all weights", "sign-uniform": "their signs"}


def multiplications(net: MLP, features: int, classes: int, batch_size: int) -> int:
    """Multiplications in the products and convolutions of one training step of a plain network."""
    stream = torch.Generator().manual_seed(0)
    x = torch.randn(batch_size, features, generator=stream)
    y = torch.full((batch_size, classes), 1 / classes)
    rule = RULES[fa_layers(net)[0].rule]
    counter = FlopCounterMode(display=False)
    with counter:
        autograd.loss_and_gradients(net, x, y)
        rule.between(net, seeding.generators(0, "rule", None))
    return counter.get_total_flops() // 2  # a multiplication and an addition count as two


def costs(config: Config, features: int, classes: int) -> pd.DataFrame:
    """One row a method: multiplications of a step beside those of BP, and what weights travel.

    They are those of fully connected networks of ``config``, the mean over its depths.
    """
    rows = {}
    for method, rule in METHODS.items():
        counts = [
            multiplications(
                MLP((features, *(config.hidden,) * (depth - 1), classes), rule, seed=0),
                *(features, classes, config.batch_size),
            )
            for depth in config.depths
        ]
        rows[method] = {
            "multiplications a step, millions": sum(counts) / len(counts) / 1e6,
            "weights that travel backward": _TRANSPORTS.get(rule, "none"),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
