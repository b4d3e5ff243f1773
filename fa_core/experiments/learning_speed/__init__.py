"""Chapter 2: does feedback alignment learn data faster after noise training?"""

from fa_core.experiments._common import MAIN, QUIET, noise_name
from fa_core.experiments.learning_speed.populations import (
    OTHER_FEEDBACK,
    Condition,
    Config,
    conditions,
    other_feedback,
    parts,
    run,
)
from fa_core.experiments.learning_speed.reading import findings, level_of, prefixes, summary

__all__ = [
    "MAIN",
    "OTHER_FEEDBACK",
    "QUIET",
    "Condition",
    "Config",
    "conditions",
    "findings",
    "level_of",
    "noise_name",
    "other_feedback",
    "parts",
    "prefixes",
    "run",
    "summary",
]
