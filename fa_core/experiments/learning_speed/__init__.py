"""Chapter 2: does feedback alignment learn data faster after noise training?"""

from fa_core.experiments.learning_speed import claims, conditions
from fa_core.experiments.shared.experiment import Experiment

experiment = Experiment(
    "learning_speed", 2, conditions.Config, conditions.conditions, claims.findings
)
