"""Small inputs of known answers for every widget, and every widget made from them."""

import numpy as np

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
    """Three networks of each kind; each reaches 50 % at the step that its place tells."""
    steps = np.arange(0, 1001, 100)

    def curves(*arrivals: int) -> np.ndarray:
        return np.array([np.where(steps < arrival, 0.1, 0.85) for arrival in arrivals])

    accuracy = {"FA": curves(600, 700, 900), "Noise, then FA": curves(200, 300, 2000)}
    return {"steps": steps, "accuracy": accuracy, "noise_steps": {"Noise, then FA": 1000}}


def spectra(t: int = 4) -> dict:
    rng = np.random.default_rng(1)
    values = {name: -np.sort(-rng.uniform(0, 2, size=(t, 6))) for name in ("plain", "noise")}
    return {"steps": np.arange(t) * 10 - 10, "spectra": values}


def adapting() -> dict:
    rng = np.random.default_rng(2)
    losses = {name: rng.uniform(0.5, 3, size=(3, 5)) for name in ("MNIST", "USPS")}
    return {"noise_steps": [0, 100, 200], "steps": np.arange(5), "losses": losses}


def dragging(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    networks = {name: fa.MLP([35, 12, 10], seed=i) for i, name in enumerate(("FA", "BP"))}
    images = rng.integers(0, 256, size=(3, 7, 5))
    return {"networks": networks, "images": images, "labels": [3, 1, 4], "mean": 100.0, "std": 60.0}


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
