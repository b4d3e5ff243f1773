"""Chapter 4: does noise training make what is learned later robust to shifts of the images?"""

from fa_core.experiments._common import MAIN, QUIET
from fa_core.experiments.robustness.populations import (
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
from fa_core.experiments.robustness.reading import (
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

__all__ = [
    "EVERY",
    "MAIN",
    "QUIET",
    "UNMOVED",
    "Config",
    "accuracy_curves",
    "conditions",
    "effective_gain",
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
