"""Chapter 4: does noise training make what is learned later robust to shifts of the images?"""

from fa_core.experiments.robustness import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("robustness", 2, conditions.Config, conditions.conditions, claims.findings)
