"""Chapter 1: does noise training turn the forward weights towards the feedback?"""

from fa_core.experiments.alignment.claims import findings
from fa_core.experiments.alignment.conditions import (
    INPUT_GROUPS,
    INPUTS,
    Condition,
    Config,
    conditions,
    parts,
    rate_name,
    run,
    width_name,
)
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("alignment", 1, Config, parts, findings)

__all__ = [
    "INPUTS",
    "INPUT_GROUPS",
    "Condition",
    "Config",
    "conditions",
    "experiment",
    "findings",
    "parts",
    "rate_name",
    "run",
    "width_name",
]
