"""Why it works: the law that alignment obeys, and what it explains."""

from fa_core.experiments.conservation import claims, conditions, linear
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment(
    "conservation",
    1,
    conditions.Config,
    conditions.conditions,
    claims.findings,
    simulations=linear.parts,
)
