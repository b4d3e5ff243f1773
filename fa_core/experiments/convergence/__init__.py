"""Chapter 2, second part: how accurate are networks once they learn no more?"""

from fa_core.experiments.convergence import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("convergence", 1, conditions.Config, conditions.conditions, claims.findings)
