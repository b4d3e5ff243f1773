"""Small inputs of known answers for every widget, and every widget made from them."""

import numpy as np
import pandas as pd

import fa_core as fa
from fa_core.widgets import (
    Adaptation,
    DragDigit,
    Laboratory,
    Opening,
    Race,
    RateRatio,
    ScrubAlignment,
    SingularSpectrum,
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


WIDGETS = {
    "scrub": lambda: ScrubAlignment(**turning()),
    "race": lambda: Race(**racing()),
    "spectrum": lambda: SingularSpectrum(**spectra()),
    "drag": lambda: DragDigit(**dragging()),
    "adaptation": lambda: Adaptation(**adapting()),
    "laboratory": Laboratory,
    "opening": Opening,
    "ratio": RateRatio,
}
