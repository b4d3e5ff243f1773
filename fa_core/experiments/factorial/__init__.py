"""Which part of noise's effect is scale, which alignment, which the rest: starts made by hand."""

from fa_core.experiments.factorial import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("factorial", 1, conditions.Config, conditions.conditions, claims.findings)
