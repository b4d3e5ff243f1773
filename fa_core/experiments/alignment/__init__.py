"""Chapter 1: does noise training turn the forward weights towards the feedback?"""

from fa_core.experiments.alignment import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("alignment", 3, conditions.Config, conditions.conditions, claims.findings)
