"""Chapter 5: is the start that noise gives a good one for every task?

The meta-loss of a start is the sum over tasks of the test loss after k steps of training on that
task, on a copy of the network (after Finn et al. 2017). Lower is better.
"""

from fa_core.experiments.meta_loss import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment("meta_loss", 2, conditions.Config, conditions.conditions, claims.findings)
