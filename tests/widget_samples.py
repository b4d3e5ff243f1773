"""Small inputs of known answers for every widget, and every widget made from them."""

import dataclasses

import numpy as np
import pandas as pd

import fa_core as fa
from fa_core.experiments.factorial.conditions import NOISE, Config, name_of
from fa_core.widgets import (
    Adaptation,
    DragDigit,
    Laboratory,
    Opening,
    Race,
    RateRatio,
    ScrubAlignment,
    SingularSpectrum,
    StartPlane,
)


def turning(t: int = 5, outputs: int = 4, inputs: int = 30) -> dict:
    """Weights at known angles to the feedback: 90 degrees at first, then less."""
    rng = np.random.default_rng(0)
    b, other = rng.normal(size=(2, outputs * inputs))
    other -= (other @ b) / (b @ b) * b
    degrees = np.linspace(90, 60, t)
    a = np.radians(degrees)[:, None]
    weights = np.cos(a) * b / np.linalg.norm(b) + np.sin(a) * other / np.linalg.norm(other)
    readout = rng.dirichlet(np.ones(outputs), size=t)
    shape = (t, outputs, inputs)
    return {
        "steps": np.arange(t) * 100,
        "weights": weights.reshape(shape),
        "feedback": b.reshape(shape[1:]),
        "angles": degrees,
        "losses": np.linspace(2, np.log(outputs), t),
        "readout": readout,
    }


def racing() -> dict:
    """Three networks of each kind; each jumps from 10 to 85 % where its place tells."""

    def curves(steps: np.ndarray, *arrivals: int) -> pd.DataFrame:
        return pd.DataFrame(
            {n: np.where(steps < at, 0.1, 0.85) for n, at in enumerate(arrivals)}, steps
        )

    steps = np.arange(0, 1001, 100)
    accuracy = {
        "FA": curves(steps, 600, 700, 900),
        "Noise, then FA": curves(steps, 200, 300, 2000),
        "Quiet": curves(steps[:6], 100, 200, 400),
    }
    noise = curves(np.array([0, 400, 2000]), 9999, 9999, 9999)
    return {"accuracy": accuracy, "noise": {"Noise, then FA": noise}}


def spectra(t: int = 4) -> dict:
    rng = np.random.default_rng(1)
    values = {name: -np.sort(-rng.uniform(0, 2, size=(t, 6))) for name in ("plain", "noise")}
    ranks = {"quiet": np.linspace(5, 3, t)}
    return {"steps": np.arange(t) * 10 - 10, "spectra": values, "ranks": ranks}


def adapting() -> dict:
    rng = np.random.default_rng(2)
    losses = {name: rng.uniform(0.5, 3, size=(3, 5)) for name in ("MNIST", "USPS")}
    others = {
        start: {name: rng.uniform(0.5, 3, size=5) for name in losses} for start in ("BP", "quiet")
    }
    steps = np.arange(5)
    return {
        "noise_steps": [0, 100, 200],
        "steps": steps,
        "losses": losses,
        "others": others,
        "start": 100,
    }


def dragging(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    networks = {
        name: fa.MLP([35, 12, 10], networks=4, seed=i) for i, name in enumerate(("FA", "BP"))
    }
    images, labels = rng.integers(0, 256, size=(40, 7, 5)), rng.integers(0, 10, size=40)
    return {"networks": networks, "images": images, "labels": labels, "mean": 100.0, "std": 60.0}


def starting() -> tuple[Config, pd.DataFrame]:
    """A config of the factorial and a table made up for it, of two networks 0.02 apart.

    On the second set all is lower by 0.1. The area is known: 0.8 less 0.3 times the norm times
    the angle as a share of 90 degrees, and 0.05 more where W1 is after noise. No network reaches
    the level from norm 1 and 90 degrees; one of two does from norm 0.5 and 90.
    """
    config = dataclasses.replace(
        Config.quick(),
        sets=("digits", "mnist"),
        networks=2,
        steps=100,
        levels=((0.5, 0.7), (0.4, 0.6)),
        norms=(0, 0.5, 1),
        angles=(90, 45, 0),
        own=(0.5, 45),
    )
    rows = []

    def add(start, norm: float, angle: float, noisy: bool, late: tuple[float, float]) -> None:
        for number, data in enumerate(config.sets):
            area = 0.8 - 0.3 * norm * angle / 90 + 0.05 * noisy - 0.1 * number
            for network in (0, 1):
                own = area - 0.01 + 0.02 * network
                metrics = [("accuracy", step, own * step / 100) for step in (0, 50, 100)]
                metrics += [("area", 100, own), ("steps_to_2", 100, late[network])]
                metrics += [("norm", 0, norm), ("angle", 0, angle)]
                name = name_of(start, data)
                rows.extend((name, step, network, metric, value) for metric, step, value in metrics)

    for cell in config.cells():
        missed = cell.norm * (cell.angle == 90)
        late = (100.0 if missed == 1 else 40.0, 100.0 if missed else 44.0)
        add(cell, cell.norm, cell.angle, cell.noisy, late)
    add(NOISE, 0.6, 70.0, True, (20.0, 30.0))
    return config, pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])


WIDGETS = {
    "scrub": lambda: ScrubAlignment(**turning()),
    "race": lambda: Race(**racing()),
    "spectrum": lambda: SingularSpectrum(**spectra()),
    "drag": lambda: DragDigit(**dragging()),
    "adaptation": lambda: Adaptation(**adapting()),
    "laboratory": Laboratory,
    "opening": Opening,
    "ratio": RateRatio,
    "plane": lambda: StartPlane(*starting()),
}
