"""Chapter 1: does noise training turn the forward weights towards the feedback?"""

from fa_core.experiments.alignment.populations import (
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
from fa_core.experiments.alignment.reading import findings

__all__ = [
    "INPUTS",
    "INPUT_GROUPS",
    "Condition",
    "Config",
    "conditions",
    "findings",
    "parts",
    "rate_name",
    "run",
    "width_name",
]
