"""convert(): the same function, a new backward path, and an original that stays as it was."""

import copy

import pytest
import torch
from torch import nn

import fa_core as fa
from fa_core import FALinear, convert


class Tied(nn.Module):
    """A layer used twice, a weight used by two layers, a nested module, and one without bias."""

    def __init__(self):
        super().__init__()
        twice = nn.Linear(6, 6)
        self.body = nn.Sequential(twice, nn.Tanh(), nn.Sequential(twice, nn.Tanh()))
        self.one, self.other = nn.Linear(6, 6, bias=False), nn.Linear(6, 6)
        self.other.weight = self.one.weight

    def forward(self, x):
        return self.other(self.one(self.body(x)))


MODELS = {
    "a Linear itself": lambda: nn.Linear(6, 3),
    "nested and shared": Tied,
    "float64": lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3)).double(),
    "transformer": lambda: nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, batch_first=True),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_keeps_the_function_and_the_original(make):
    model = make()
    before, classes = copy.deepcopy(model.state_dict()), [type(m) for m in model.modules()]
    x = torch.randn(2, 5, 6, dtype=next(model.parameters()).dtype)
    converted = convert(model)
    torch.testing.assert_close(converted(x), model(x))
    assert [type(m) for m in model.modules()] == classes
    assert not any(type(m) is nn.Linear for m in converted.modules())

    for parameter in converted.parameters():
        nn.init.zeros_(parameter)
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_what_was_shared_stays_shared():
    converted = convert(Tied())
    assert converted.body[0] is converted.body[2][0]
    assert converted.one.weight is converted.other.weight
    assert converted.one.feedback is not converted.other.feedback
    assert len(list(converted.parameters())) == len(list(Tied().parameters()))


def test_only_plain_linear_layers_are_converted():
    converted = convert(nn.TransformerEncoderLayer(6, 2, 8, batch_first=True))
    assert type(converted.self_attn) is nn.MultiheadAttention
    assert not isinstance(converted.self_attn.out_proj, FALinear)
    assert isinstance(converted.linear1, FALinear) and isinstance(converted.linear2, FALinear)


def test_mode_trainability_and_dtype_of_a_layer_are_kept():
    model = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3).eval()).double()
    model[0].weight.requires_grad_(False)
    converted = convert(model)
    assert converted[0].training and not converted[1].training
    assert not converted[0].weight.requires_grad and converted[1].weight.requires_grad
    assert all(layer.feedback.dtype == torch.float64 for layer in converted)


def test_the_generator_decides_the_feedback_and_the_global_one_is_left_alone():
    model, state = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3)), torch.get_rng_state()
    a, b, c = (convert(model, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(a[1].feedback, b[1].feedback) and torch.equal(a[0].feedback, b[0].feedback)
    assert not torch.equal(a[0].feedback, c[0].feedback)
    assert not torch.equal(a[0].feedback, a[0].weight)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("rule", ["bp", "fa"])
def test_the_rule_travels_backward(rule):
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    converted, x, y = convert(model, rule), torch.randn(8, 6), torch.randint(3, (8,))
    grads = [
        torch.autograd.grad(fa.metrics.cross_entropy(net(x), y), list(net.parameters()))
        for net in (model, converted)
    ]
    same = [torch.allclose(a, b) for a, b in zip(*grads, strict=True)]
    assert same == ([True] * 4 if rule == "bp" else [False, False, True, True])
