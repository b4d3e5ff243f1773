"""Feedback alignment, noise pretraining and the metrics to study them, on populations of networks.

>>> import fa_core as fa
>>> net = fa.MLP([64, 32, 10], rule="fa", networks=4, seed=0)
>>> history = fa.train_on_noise(net, steps=20, progress=False)
>>> history["alignment_angle_2"].shape          # [records, networks], degrees
(5, 4)
"""

from fa_core import data, init, metrics, rules
from fa_core.conversion import convert
from fa_core.convolution import FAConv2d
from fa_core.data import shifts as transforms
from fa_core.history import History
from fa_core.layers import FALinear
from fa_core.networks import MLP
from fa_core.noise import NoiseGenerator
from fa_core.results import findings
from fa_core.results.findings import Finding
from fa_core.show import style as plots
from fa_core.training import train, train_on_noise

__version__ = "0.1.0"
__all__ = [
    "MLP",
    "FAConv2d",
    "FALinear",
    "Finding",
    "History",
    "NoiseGenerator",
    "convert",
    "data",
    "findings",
    "init",
    "metrics",
    "plots",
    "rules",
    "train",
    "train_on_noise",
    "transforms",
]
