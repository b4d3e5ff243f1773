"""The registry of rules: a new rule joins by name, and layers follow it untouched."""

import pytest
import torch

import fa_core as fa
from fa_core import rules


@pytest.fixture
def doubled():
    """A rule of a reader's own, removed after the test."""
    rules.register("doubled")(lambda weight, feedback: 2 * feedback)
    yield "doubled"
    del rules.RULES["doubled"]


def test_a_registered_rule_is_followed(doubled):
    layer = fa.FALinear(4, 3, rule=doubled)
    assert torch.equal(layer.backward_matrix(), 2 * layer.feedback)
    x = torch.randn(5, 4, requires_grad=True)
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad, (2 * layer.feedback).sum(0).expand(5, 4))
    assert fa.MLP([4, 3, 2], rule=doubled)(x).shape == (5, 2)


def test_bp_sends_the_weight_and_fa_the_feedback():
    layer = fa.FALinear(4, 3)
    for rule, matrix in (("bp", layer.weight), ("fa", layer.feedback)):
        layer.rule = rule
        assert torch.equal(layer.backward_matrix(), matrix)
        assert not layer.backward_matrix().requires_grad


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match=r"name must be new.*'fa'"):
        rules.register("fa")(lambda weight, feedback: weight)
    assert rules.RULES["fa"] is rules.feedback_alignment


def test_using_a_rule_ends_with_the_block_even_after_an_error():
    net = fa.MLP([4, 3, 2])
    net.layers[1].rule = "bp"
    with pytest.raises(RuntimeError, match="stop"), rules.using(net, "bp") as same:
        assert same is net and [layer.rule for layer in net.layers] == ["bp", "bp"]
        raise RuntimeError("stop")
    assert [layer.rule for layer in net.layers] == ["fa", "bp"]


def test_using_passes_over_what_is_no_feedback_layer():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), fa.FALinear(3, 2))
    model[0].feedback = "a user's own attribute"
    with rules.using(model, "bp"):
        assert model[1].rule == "bp"
    assert model[1].rule == "fa"
