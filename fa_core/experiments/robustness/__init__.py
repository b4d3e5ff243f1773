"""Chapter 4: does noise training make what is learned later robust to shifts of the images?"""

from fa_core.experiments.robustness.claims import (
    EVERY,
    accuracy_curves,
    effective_gain,
    findings,
    gain,
    gain_curves,
    severity_curves,
    shared_accuracy,
    shifted_accuracy,
    summary,
)
from fa_core.experiments.robustness.conditions import (
    UNMOVED,
    Config,
    conditions,
    families,
    metric_name,
    parts,
    run,
    severities,
    shifted,
    shifted_tests,
    train_condition,
)
from fa_core.experiments.shared import MAIN, QUIET
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("robustness", 1, Config, parts, findings)

__all__ = [
    "EVERY",
    "MAIN",
    "QUIET",
    "UNMOVED",
    "Config",
    "accuracy_curves",
    "conditions",
    "effective_gain",
    "experiment",
    "families",
    "findings",
    "gain",
    "gain_curves",
    "metric_name",
    "parts",
    "run",
    "severities",
    "severity_curves",
    "shared_accuracy",
    "shifted",
    "shifted_accuracy",
    "shifted_tests",
    "summary",
    "train_condition",
]
