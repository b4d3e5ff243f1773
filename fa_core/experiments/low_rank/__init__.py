"""Chapter 3: does noise training lower the rank of what is learned later, and the gap with it?"""

from fa_core.experiments.low_rank.claims import (
    correlation,
    findings,
    gap,
    gap_at,
    matched_gaps,
    rank_and_gap,
    shared_level,
    summary,
)
from fa_core.experiments.low_rank.conditions import Condition, Config, conditions, parts, run
from fa_core.experiments.shared import MAIN, QUIET, noise_name
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("low_rank", 1, Config, parts, findings)

__all__ = [
    "MAIN",
    "QUIET",
    "Condition",
    "Config",
    "conditions",
    "correlation",
    "experiment",
    "findings",
    "gap",
    "gap_at",
    "matched_gaps",
    "noise_name",
    "parts",
    "rank_and_gap",
    "run",
    "shared_level",
    "summary",
]
