"""The tuned contest: every way to start, at the settings that other networks chose for it."""

from fa_core.experiments.contest import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment(
    "contest",
    1,
    conditions.Config,
    conditions.conditions,
    claims.findings,
    tuning=conditions.choose,
)
