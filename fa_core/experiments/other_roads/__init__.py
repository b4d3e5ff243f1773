"""Other roads to alignment: what noise adds to each method, each at a learning rate of its own."""

from fa_core.experiments.other_roads import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment(
    "other_roads",
    1,
    conditions.Config,
    conditions.conditions,
    claims.findings,
    tuning=conditions.choose,
)
