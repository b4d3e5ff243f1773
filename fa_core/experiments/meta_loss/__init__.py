"""Chapter 5: is the start that noise gives a good one for every task?

The meta-loss of a start is the mean over tasks of the test loss after K steps of training on that
task, on a copy of the network (after Finn et al. 2017). Lower is better.
"""

from fa_core.experiments.meta_loss.claims import (
    along_gradients,
    along_noise,
    along_rates,
    at_best_length,
    findings,
    meta_loss,
    share_of_tailored,
    summary,
)
from fa_core.experiments.meta_loss.conditions import (
    Condition,
    Config,
    conditions,
    meta_train,
    parts,
    run,
    start_name,
    tailored_name,
    with_rate,
)
from fa_core.experiments.shared import QUIET, load
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("meta_loss", 1, Config, parts, findings)

__all__ = [
    "QUIET",
    "Condition",
    "Config",
    "along_gradients",
    "along_noise",
    "along_rates",
    "at_best_length",
    "conditions",
    "experiment",
    "findings",
    "load",
    "meta_loss",
    "meta_train",
    "parts",
    "run",
    "share_of_tailored",
    "start_name",
    "summary",
    "tailored_name",
    "with_rate",
]
