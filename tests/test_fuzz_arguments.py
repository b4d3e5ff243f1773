"""Whatever is passed instead of an argument, the error names it and says what would be right."""

import atexit
import math
import random
import re
import tempfile
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import fa_core as fa
from fa_core import experiments, seeding
from fa_core.data.sources import DataNotFoundError
from fa_core.results.store import Store

TRIALS = 40  # of each call
LONG = 10**12
BAD = [
    *(None, True, -1, 0, 0.5, 2.5, 1e-300, 1e308, -1e308, math.nan, math.inf, -math.inf, 1j),
    *(LONG, 2**63, -(2**63), 10**400, "", "text", "0", b"bytes", object(), object, print),
    *([], [1, "a"], [[1.0], [2.0, 3.0]], (), (0,), {}, {"a": 1}, {1, 2}, range(3), iter([])),
    *(torch.tensor(math.nan), torch.ones(2, 3, 4, 5), torch.ones(5, 4) * 1j, torch.zeros(0)),
    *(torch.full((5, 4), math.nan), torch.full((5,), 2**40), torch.ones(5, 4, dtype=torch.bool)),
    *(np.ma.masked_array([1.0, 2.0, 3.0], [True, False, False]), np.array(["a", "b", "c"])),
    *(np.array([1j, 2, 3]), np.array(None), np.float64(math.nan), pd.DataFrame({"a": [1]})),
]
ERRORS = (TypeError, ValueError, KeyError, DataNotFoundError)
DIGITS = fa.data.load("digits")
EXPERIMENT = experiments.get("alignment")
FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)
TABLE = pd.DataFrame({"condition": "FA", "step": 0, "network": range(3), "metric": "loss"})
TABLE["value"] = 1.0


def mlp() -> fa.MLP:
    return fa.MLP([4, 3, 2])


def history(**arguments: object) -> None:
    record = fa.History()
    record.append(0, {"loss": torch.ones(2)})
    record.append(**arguments)


def noise_options() -> dict[str, object]:
    options = {"distribution": "gaussian", "mean": 0.0, "std": 1.0, "density": 0.5}
    return {**options, "labels": "random", "share": False}


def training_options() -> dict[str, object]:
    options = {"net": fa.MLP([64, 3, 10]), "steps": 1, "batch_size": 4, "lr": 1e-3, "seed": 0}
    return options | {"optimizer": None, "record": ("loss",), "record_at": [1], "progress": False}


def in_store(method: str, **arguments: object) -> object:
    return getattr(Store(FOLDER.name), method)(**arguments)


X, Y = torch.ones(5, 4), torch.tensor([0, 1, 0, 1, 0])
W = torch.eye(3)
VALUES = [1.0, 2.0, 4.0]
IMAGES = {"x": torch.ones(5, 16), "side": 4, "background": 0.0}
Call = tuple[Callable[..., object], Callable[[], dict[str, object]]]  # and its valid arguments
CALLS: dict[str, dict[str, Call]] = {
    "metrics": {
        "angle": (fa.metrics.angle, lambda: {"u": W, "v": W}),
        "alignment_angle": (
            fa.metrics.alignment_angle,
            lambda: {"W": W, "B": W, "per_unit": False},
        ),
        "effective_rank": (fa.metrics.effective_rank, lambda: {"W": W}),
        "cross_entropy": (fa.metrics.cross_entropy, lambda: {"logits": X, "y": Y}),
        "accuracy": (fa.metrics.accuracy, lambda: {"logits": X, "y": Y}),
        "update_angle": (fa.metrics.update_angle, lambda: {"net": mlp(), "x": X, "y": Y}),
        "readout_probabilities": (
            fa.metrics.readout_probabilities,
            lambda: {"net": mlp(), "x": X},
        ),
        "generalisation_gap": (
            fa.metrics.generalisation_gap,
            lambda: {"net": mlp(), "train_x": X, "train_y": Y, "test_x": X, "test_y": Y},
        ),
        "chance_loss": (fa.metrics.chance_loss, lambda: {"classes": 3}),
    },
    "noise": {
        "NoiseGenerator": (
            lambda **options: fa.NoiseGenerator(**options).batch(2),
            lambda: {
                **{"shape": 4, "classes": 3, "networks": 2, "seed": 0, "device": "cpu"},
                **{"purpose": "noise", **noise_options()},
            },
        ),
        "batch": (fa.NoiseGenerator(4, 3).batch, lambda: {"batch_size": 2}),
    },
    "seeding": {
        "generators": (
            seeding.generators,
            lambda: {"seed": 0, "purpose": "init", "networks": None},
        ),
    },
    "history": {
        "append": (history, lambda: {"step": 1, "columns": {"loss": torch.ones(2)}}),
        "__getitem__": (lambda name: fa.History()[name], lambda: {"name": "loss"}),
    },
    "training": {
        "train": (fa.train, lambda: {"data": DIGITS, **training_options()}),
        "train_on_noise": (fa.train_on_noise, lambda: training_options() | noise_options()),
    },
    "layers": {
        "FALinear": (
            fa.FALinear,
            lambda: {
                **{"in_features": 4, "out_features": 3, "bias": True, "rule": "fa"},
                **{"networks": None, "generator": None},
            },
        ),
        "forward": (fa.FALinear(4, 3), lambda: {"x": X}),
        "FAConv2d": (
            fa.FAConv2d,
            lambda: {
                **{"in_channels": 4, "out_channels": 6, "kernel_size": 3, "stride": 1},
                **{"padding": 0, "dilation": 1, "groups": 1, "bias": True, "rule": "fa"},
                **{"padding_mode": "zeros", "networks": None, "generator": None},
            },
        ),
        "FAConv2d.forward": (fa.FAConv2d(4, 6, 3), lambda: {"x": torch.ones(2, 4, 5, 5)}),
        "reset_parameters": (fa.FALinear(4, 3).reset_parameters, lambda: {"generator": None}),
        "convert": (
            fa.convert,
            lambda: {"model": nn.Linear(4, 3), "rule": "fa", "generator": None},
        ),
    },
    "rules": {
        "check": (fa.rules.check, lambda: {"name": "fa"}),
        "using": (
            lambda net, rule: fa.rules.using(net, rule).__enter__(),
            lambda: {"net": mlp(), "rule": "fa"},
        ),
        "soft_alignment": (fa.init.soft_alignment, lambda: {"net": mlp(), "degrees": 45.0}),
    },
    "networks": {
        "MLP": (fa.MLP, lambda: {"sizes": [4, 3], "rule": "fa", "networks": None, "seed": 0}),
        "forward": (mlp(), lambda: {"x": X}),
        "hidden": (mlp().hidden, lambda: {"x": X}),
        "loss_and_gradients": (
            mlp().loss_and_gradients,
            lambda: {"x": X, "y": torch.full((5, 2), 0.5)},
        ),
    },
    "data": {
        "load": (fa.data.load, lambda: {"name": "digits", "root": None, "download": False}),
        "to": (DIGITS.to, lambda: {"device": "cpu"}),
    },
    "shifts": {
        "translate": (fa.transforms.translate, lambda: {**IMAGES, "right": 1.0, "down": 0.0}),
        "scale": (fa.transforms.scale, lambda: {**IMAGES, "factor": 1.5}),
        "rotate": (fa.transforms.rotate, lambda: {**IMAGES, "degrees": 10.0}),
        "mnist_frame": (fa.transforms.mnist_frame, lambda: dict(IMAGES)),
    },
    "findings": {
        "of_mean": (
            fa.Finding.of_mean,
            lambda: {"claim": "It is.", "values": VALUES, "unit": "nats", "above": 0.0},
        ),
        "of_difference": (
            fa.Finding.of_difference,
            lambda: {
                **{"claim": "It is.", "treated": VALUES, "control": [0.0, 1.0, 2.0]},
                **{"unit": "nats", "above": 0.0},
            },
        ),
    },
    "store": {
        "Store": (Store, lambda: {"folder": FOLDER.name}),
        "load": (
            partial(in_store, "load"),
            lambda: {"experiment": EXPERIMENT, "config": {"a": 1}, "part": ""},
        ),
        "save": (
            partial(in_store, "save"),
            lambda: {
                **{"experiment": EXPERIMENT, "config": {"a": 1}, "table": TABLE},
                **{"device": "cpu", "seconds": 1.0, "part": ""},
            },
        ),
    },
}


def names_one_of(arguments: list[str], error: Exception) -> bool:
    """Whether the error is of a documented kind, names an argument and what it must be."""
    named = any(re.search(rf"(?<!\w){name}(?!\w)", str(error)) for name in arguments)
    helps = re.search(r"\b(must|would need|has no options)\b", str(error))
    return isinstance(error, ERRORS) and named and helps is not None


def errors_of(room: str) -> tuple[int, list[str]]:
    """How many errors invalid calls gave, and those that do not name the argument."""
    draw, count, raw = random.Random(0), 0, []
    for name, (function, valid) in CALLS[room].items():
        for _ in range(TRIALS):
            arguments = valid()
            chosen = draw.sample(sorted(arguments), min(len(arguments), draw.choice((1, 1, 2))))
            bad = {argument: draw.choice(BAD) for argument in chosen}
            if bad.get("steps") is LONG:
                continue  # a length, not a size: it is valid, and would take its time
            try:
                function(**arguments | bad)
            except FloatingPointError:
                continue  # the values were valid, the training diverged
            except Exception as error:
                count += 1
                if not names_one_of(chosen, error):
                    raw.append(f"{name}({bad!r:.120}): {type(error).__name__}: {error!s:.200}")
    return count, raw


@pytest.mark.parametrize("room", CALLS)
def test_errors_name_the_argument(room):
    count, raw = errors_of(room)
    assert count > TRIALS // 2 and len(raw) <= count / 100, "\n".join([f"of {count}:", *raw])


if __name__ == "__main__":
    warnings.simplefilter("error")
    for room in CALLS:
        count, raw = errors_of(room)
        print(f"{room}: {len(raw)} of {count} errors are raw", *raw, sep="\n    ")
