"""convert() on whole models: LeNet, ResNet-18, a small vision transformer, an encoder layer."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

import fa_core as fa
from fa_core import FAConv2d, FALinear
from fa_core.conversion import summary

BP = "backpropagation"


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def lenet():
    """As LeCun et al. 1998 have it, for images of 12 x 12 pixels."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(32, 12), nn.ReLU(), nn.Linear(12, 3)),
    )


def resnet():
    from torchvision.models import resnet18  # importable once fa_core is

    return resnet18(num_classes=3)


def vit():
    from torchvision.models import VisionTransformer

    model = VisionTransformer(8, 4, 2, 2, 8, 12, num_classes=3)
    nn.init.normal_(model.heads.head.weight)  # which is 0 at the start: no error would go below it
    return model


class Encoder(nn.Module):
    """A transformer's encoder layer, and the mean of what it returns."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        return self.head(self.layer(x).mean(1))


# The model, an input of one sample, and how many layers go on with backpropagation.
MODELS = {
    "LeNet": (lenet, (1, 12, 12), 0),
    "ResNet-18": (resnet, (3, 16, 16), 0),
    "vision transformer": (vit, (3, 8, 8), 4),
    "encoder layer": (Encoder, (5, 6), 2),
}
Y = torch.arange(4) % 3


@pytest.fixture(params=MODELS)
def case(request):
    """A model in float64, four samples, and the number of its layers that stay as they are."""
    make, shape, left = MODELS[request.param]
    x = torch.randn(4, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return make().double(), x, left


def convert(model, rule="fa", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is left, which a test of its own looks at
        return fa.convert(model, rule, **options)


def gradients(net, x, owner=None):
    loss = fa.metrics.cross_entropy(net(x), Y[: len(x)])
    return torch.autograd.grad(loss, list((owner or net).parameters()))


def test_keeps_the_function_and_under_bp_the_gradients(case):
    model, x, left = case
    converted = convert(model, "bp")
    torch.testing.assert_close(converted(x), model(x))
    torch.testing.assert_close(gradients(converted, x), gradients(model, x))
    assert not any(type(layer) in (nn.Linear, nn.Conv2d) for layer in converted.modules())
    assert list(summary(converted).values()).count(BP) == left
    model.eval(), converted.eval()
    with torch.no_grad():
        torch.testing.assert_close(converted(x), model(x))


def test_under_fa_only_what_lies_below_feedback_learns_otherwise(case):
    model, x, _ = case
    converted = convert(model)
    torch.testing.assert_close(converted(x), model(x))
    own, true = gradients(converted, x), gradients(model, x)
    torch.testing.assert_close(own[-2:], true[-2:])  # of the last layer
    assert not torch.allclose(own[0], true[0])


@pytest.mark.parametrize("rule", ["sign-uniform", "sign-fixed", "sign-batch", "mirror"])
def test_a_small_lenet_follows_the_rules_that_name_a_carrier(rule):
    model = lenet()
    x = torch.randn(4, 1, 12, 12, generator=torch.Generator().manual_seed(1))
    net, through_feedback = convert(model, rule), convert(model, "fa")
    assert list(summary(net).values()) == [rule] * 4
    for layer, other in zip(*map(fa.metrics.fa_layers, (net, through_feedback)), strict=True):
        fan_in = layer.weight[0].numel()
        size = (2 / fan_in) ** 0.5 if rule == "sign-uniform" else layer.feedback.abs()
        signed = layer.weight.detach().sign() * size
        other.feedback.copy_(layer.feedback if rule == "mirror" else signed)
    found, expected = gradients(net, x), gradients(through_feedback, x)
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found[0], gradients(model, x)[0])


def test_trains_under_fa_and_leaves_the_feedback_alone(case):
    model, x, _ = case
    net = convert(model)
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(6):
        loss = fa.metrics.cross_entropy(net(x), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    after = net.state_dict()
    for layer in fa.metrics.fa_layers(net):
        name = next(path for path, module in net.named_modules() if module is layer)
        assert torch.equal(after[f"{name}.feedback"], before[f"{name}.feedback"])
        assert not torch.equal(after[f"{name}.weight"], before[f"{name}.weight"])


def test_is_an_ordinary_module(case):
    model, x, _ = case
    net, other = convert(model), convert(model)
    right = gradients(net, x)
    other.load_state_dict(net.state_dict())
    for same in (copy.deepcopy(net), other):
        torch.testing.assert_close(gradients(same, x), right)
    state = dict(net.named_parameters()) | dict(net.named_buffers())
    blank = convert(model)
    found = gradients(lambda x: functional_call(blank, state, (x,)), x, net)
    torch.testing.assert_close(found, right)
    inputs = x.clone().requires_grad_()
    saved = gradients(lambda x: checkpoint(net, x, use_reentrant=False), inputs, net)
    torch.testing.assert_close(saved, right)


def test_works_under_autocast(case):
    model, x, _ = case
    model.float().eval()  # four samples of one pixel are a bad normalisation in half precision
    net, x = convert(model), x.float()
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(net(x), model(x), rtol=0.05, atol=0.05)
        assert all(g.dtype == torch.float32 and g.isfinite().all() for g in gradients(net, x))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
@pytest.mark.parametrize("make, shape", [(lenet, (1, 12, 12)), (Encoder, (5, 6))])
def test_compiles(make, shape):
    net, x = convert(make()), torch.randn(4, *shape)
    compiled = torch.compile(net, backend="eager")
    torch.testing.assert_close(gradients(compiled, x, net), gradients(net, x))


def test_all_of_a_resnet_is_changed_and_the_table_says_so():
    net = fa.convert(resnet())  # without a warning, which would be an error here
    assert [type(layer) for layer in fa.metrics.fa_layers(net)] == [FAConv2d] * 20 + [FALinear]
    table = str(summary(net)).splitlines()
    assert len(table) == 21 and all(line.split()[1:] == ["fa"] for line in table)
    assert table[0].split() == ["conv1", "fa"]


def test_attention_is_named_for_it_stays():
    words = r"2 MultiheadAttention, 2 NonDyn\w+ \(encoder\.\S+_0\.self_attention, "
    with pytest.warns(UserWarning, match=words):
        net = fa.convert(vit())
    table = summary(net)
    assert table["conv_proj"] == table["heads.head"] == "fa"
    assert {path for path, by in table.items() if by == BP} == {
        f"encoder.layers.encoder_layer_{n}.self_attention{part}"
        for n in range(2)
        for part in ("", ".out_proj")
    }


OPTIONS = [
    {"stride": 2, "padding": 1, "bias": False},
    {"padding": "same", "dilation": 2},
    {"padding": (2, 1), "padding_mode": "reflect", "groups": 2},
    {"padding": "valid", "stride": (1, 2)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_all_options_of_a_convolution_are_kept(options):
    model = nn.Sequential(nn.Conv2d(4, 6, 3, **options), nn.ReLU(), nn.Conv2d(6, 2, 1)).double()
    converted, x = convert(model, "bp"), torch.randn(2, 4, 7, 8, dtype=torch.float64)
    assert torch.equal(converted(x), model(x))
    assert torch.equal(converted[0](x[0]), model[0](x[0]))
    for net in (model, converted):
        net(x).square().sum().backward()
    found = [[p.grad for p in net.parameters()] for net in (converted, model)]
    torch.testing.assert_close(*found)


def test_what_was_set_on_a_convolution_later_is_kept():
    """As those do who take the stride out of a trained trunk."""
    conv = nn.Conv2d(2, 3, 3, stride=2)
    conv.stride, conv.dilation, conv.padding = 1, (2, 2), 2
    x = torch.randn(2, 2, 6, 6)
    assert torch.equal(fa.convert(conv)(x), conv(x))


def test_convolutions_tied_by_a_weight_share_one_feedback():
    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3))
    model[1].weight = model[0].weight
    converted = fa.convert(model)
    assert converted[0].weight is converted[1].weight
    assert converted[0].feedback is converted[1].feedback


def test_a_layer_tied_to_one_that_was_converted_before_shares_its_feedback():
    before = FALinear(2, 2)
    converted = fa.convert(tied(before, nn.Linear(2, 2)))
    assert converted[1].feedback is converted[0].feedback
    assert torch.equal(converted[0].feedback, before.feedback)


def other_kinds():
    kinds = [nn.Conv1d(2, 2, 1), nn.ConvTranspose2d(2, 2, 1), nn.LSTM(2, 2), nn.Conv2d(2, 2, 1)]
    return nn.ModuleDict({type(kind).__name__: kind for kind in kinds})


def test_layers_of_other_kinds_stay_and_are_named():
    words = r"1 Conv1d, 1 ConvTranspose2d, 1 LSTM \(Conv1d, ConvTranspose2d, LSTM\)"
    with pytest.warns(UserWarning, match=words):
        net = fa.convert(other_kinds())
    assert summary(net) == {"Conv1d": BP, "ConvTranspose2d": BP, "LSTM": BP, "Conv2d": "fa"}


def test_of_many_layers_that_stay_a_few_are_named():
    with pytest.warns(UserWarning, match=r"9 Conv1d \(0, 1, 2, 3, \.\.\.\)"):
        fa.convert(nn.ModuleList([*(nn.Conv1d(1, 1, 1) for _ in range(9)), nn.Linear(1, 1)]))


class Mine(nn.Conv2d):
    """A reader's own convolution."""


def tied(*pair):
    pair[1].weight = pair[0].weight
    return nn.ModuleList(pair)


def with_method():
    model = nn.Sequential(nn.Conv2d(1, 1, 1))
    model.convolve = model[0]._conv_forward
    return model


def with_own_convolution():
    model = nn.Sequential(nn.Conv2d(1, 1, 1))
    model[0]._conv_forward = torch.neg
    return model


REFUSED = {
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(2, 3)), "'0' size call the model"),
    "parametrised": (
        lambda: nn.Sequential(parametrizations.weight_norm(nn.Conv2d(1, 2, 3))),
        "'0' parametrisation remove_parametrizations",
    ),
    "complex": (lambda: nn.Conv2d(1, 1, 1, dtype=torch.complex64), "model kernels complex64"),
    "method": (with_method, "'0' method _conv_forward torch.nn.Conv2d"),
    "own method": (with_own_convolution, "'0' own _conv_forward FAConv2d"),
    "tied to a transposed one": (
        lambda: tied(nn.Conv2d(2, 2, 1), nn.ConvTranspose2d(2, 2, 1)),
        "'0' 'fa' weight '1' ConvTranspose2d 'bp' untie",
    ),
    "tied to one that stays": (
        lambda: tied(nn.Conv2d(2, 2, 1), Mine(2, 2, 1)),
        "'0' 'fa' weight '1' Mine 'bp' untie",
    ),
    "tied to another rule": (
        lambda: tied(nn.Linear(2, 2), FALinear(2, 2, rule="kp")),
        "'0' 'fa' weight '1' FALinear 'kp' untie",
    ),
}


@pytest.mark.parametrize("make, words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_rightly_is_refused_by_name(make, words):
    model = make()
    with pytest.raises(ValueError) as caught:
        fa.convert(model)
    missing = [word for word in words.split() if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert not any(type(module) is FAConv2d for module in model.modules())


def test_a_rule_that_no_convolution_follows_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"'0' cannot be converted: rule 'dfa' sends the logits' error"
    ):
        fa.convert(lenet(), "dfa", outputs=3)
    fa.convert(nn.Sequential(*lenet()[7:]), "dfa", outputs=3)  # as the error says


def test_a_tie_under_bp_alone_is_no_clash():
    model = tied(nn.Conv2d(2, 2, 1), Mine(2, 2, 1))
    assert convert(model, "bp")[0].weight is not model[0].weight


def test_a_subclass_stays_and_is_named():
    with pytest.warns(UserWarning, match=r"1 Mine \(1\)"):
        assert type(fa.convert(nn.Sequential(nn.Conv2d(1, 1, 1), Mine(1, 1, 1)))[1]) is Mine
