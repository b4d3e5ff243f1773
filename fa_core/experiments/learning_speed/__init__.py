"""Chapter 2: does feedback alignment learn data faster after noise training?"""

from fa_core.experiments.learning_speed.claims import findings, level_of, prefixes, summary
from fa_core.experiments.learning_speed.conditions import (
    OTHER_FEEDBACK,
    Condition,
    Config,
    conditions,
    other_feedback,
    parts,
    run,
)
from fa_core.experiments.shared import MAIN, QUIET, noise_name
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("learning_speed", 1, Config, parts, findings)

__all__ = [
    "MAIN",
    "OTHER_FEEDBACK",
    "QUIET",
    "Condition",
    "Config",
    "conditions",
    "experiment",
    "findings",
    "level_of",
    "noise_name",
    "other_feedback",
    "parts",
    "prefixes",
    "run",
    "summary",
]
