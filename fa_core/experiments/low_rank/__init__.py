"""Chapter 3: does noise training lower the rank of what is learned later, and the gap with it?"""

from fa_core.experiments.low_rank import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("low_rank", 2, conditions.Config, conditions.conditions, claims.findings)
