"""fa.rules.check finds what is wrong with a rule, and nothing wrong with those of the package."""

import pytest
import torch

import fa_core as fa
from fa_core.rules import RULES, Rule


class Coupled(Rule):
    """Sizes the feedback by the weights of all networks."""

    def carry(self, layer, s):
        return s.delta @ layer.feedback * layer.weight.std()


class CoupledBetween(Rule):
    """The same between updates, where ``register`` does not look."""

    @torch.no_grad()
    def between(self, net, generators):
        for layer in self.layers(net):
            layer.feedback.div_(layer.feedback.std())


class Turned(Rule):
    """Reads the feedback in the wrong order; the shapes fit."""

    def carrier(self, layer):
        *p, o, i = layer.feedback.shape
        return layer.feedback.reshape(*p, i, o).mT


class Summed(Rule):
    """Undoes the mean over the batch."""

    def carry(self, layer, s):
        return s.delta @ layer.feedback * s.delta.shape[-2]


class Hidden(Rule):
    """Counts steps where no state_dict sees it."""

    steps = 0

    def between(self, net, generators):
        self.steps += 1

    def carry(self, layer, s):
        return s.delta @ layer.feedback / (1 + self.steps)


class Global(Rule):
    """Draws from torch's global generator."""

    def carry(self, layer, s):
        return s.delta @ (layer.feedback + 0.1 * torch.randn_like(layer.feedback))


class TwoFaced(Rule):
    """Says that its three words are all, which the fast path believes."""

    is_simple = True
    meets_bp = False

    def carry(self, layer, s):
        return s.delta @ layer.feedback * 2


class Creeping(Rule):
    """Moves the feedback in place where it should only read."""

    def carry(self, layer, s):
        return s.delta @ layer.feedback.mul_(0.9)


class Downcast(Rule):
    """Loses digits on the way."""

    def carry(self, layer, s):
        return s.delta.float() @ layer.feedback.float()


PLANTED = {
    Coupled: ("networks of a population are independent", "differs by"),
    CoupledBetween: ("networks of a population are independent", "differs by"),
    Turned: ("B = W gives backpropagation", "gradient and backpropagation's"),
    Summed: ("B = W gives backpropagation", "gradient and backpropagation's"),
    Hidden: ("state_dict holds everything", "after loading"),
    Global: ("the seed decides everything", "global generator"),
    TwoFaced: ("the fast path gives what autograd gives", "fast path and autograd"),
    Creeping: ("computing an error moves nothing", "feedback changed in place"),
    Downcast: ("the dtype is kept", "carry turns torch.float64 into torch.float32"),
}


@pytest.mark.parametrize("kind", PLANTED, ids=lambda kind: kind.__name__)
def test_a_wrong_rule_fails_the_check_that_is_about_it(kind, monkeypatch):
    monkeypatch.setitem(RULES, "planted", kind())
    report = fa.rules.check("planted")
    what, why = PLANTED[kind]
    (found,) = [check for check in report.checks if check.what == what]
    assert not report.passed and found.passed is False
    assert why in found.why and found.why in str(report)
    assert str(report).startswith("rule 'planted': FAILED\n")


def test_each_planted_rule_is_wrong_in_its_own_way_alone(monkeypatch):
    """So that no check passes its test because another one failed."""
    for kind in (Turned, Summed, TwoFaced):
        monkeypatch.setitem(RULES, "planted", kind())
        report = fa.rules.check("planted")
        failed = [check.what for check in report.checks if check.passed is False]
        assert failed == [PLANTED[kind][0]]


@pytest.mark.parametrize("name", list(RULES))
def test_the_packages_rules_pass(name):
    state = torch.get_rng_state()
    report = fa.rules.check(name)
    assert report.passed, report
    assert torch.equal(state, torch.get_rng_state())
    skipped = [check for check in report.checks if check.passed is None]
    assert len(skipped) == (name in ("dfa", "sign-uniform"))


def test_what_a_rule_raises_is_reported(monkeypatch):
    class Broken(Rule):
        def between(self, net, generators):
            raise RuntimeError("no such thing\nmore")

    monkeypatch.setitem(RULES, "broken", Broken())
    assert "RuntimeError: no such thing" in str(fa.rules.check("broken"))
    with pytest.raises(ValueError, match=r"name must be one of bp, .*got 'missing'"):
        fa.rules.check("missing")
