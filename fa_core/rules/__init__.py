"""What travels backward, and whether the feedback moves: one small class for each learning rule.

Every rule updates the forward weights by ``delta^T x`` from the error ``delta`` that reaches a
layer. Rules differ in what a layer sends to the layer below, and in what, if anything, moves the
feedback. Many are three words of data (``through``, ``source``, ``follows``), which the page's
JavaScript reads too; any other overrides :meth:`Rule.carrier` and its kin. Layers look rules up
here by name.
"""

from fa_core.rules.checker import Check, Report, check
from fa_core.rules.known import (
    Backpropagation,
    BatchSign,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    FixedSign,
    KolenPollack,
    UniformSign,
    WeightMirror,
)
from fa_core.rules.registry import as_data, register, using
from fa_core.rules.rule import RULES, Matrices, Rule, Signals

__all__ = [
    "RULES",
    "Backpropagation",
    "BatchSign",
    "Check",
    "DirectFeedbackAlignment",
    "FeedbackAlignment",
    "FixedSign",
    "KolenPollack",
    "Matrices",
    "Report",
    "Rule",
    "Signals",
    "UniformSign",
    "WeightMirror",
    "as_data",
    "check",
    "register",
    "using",
]
