"""convert(): the same function, a new backward path, and an original that stays as it was."""

import copy
from functools import partial
from types import MethodType

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils import spectral_norm as old_spectral_norm

import fa_core as fa
from fa_core import FALinear, convert
from fa_core.conversion import summary


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


class Net(nn.Module):
    """A hidden layer and a readout, whose layer objects other things may hold."""

    def __init__(self):
        super().__init__()
        self.hidden, self.readout = nn.Linear(6, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.readout(torch.relu(self.hidden(x)))


def transformer():
    return nn.TransformerEncoderLayer(6, 2, 8, dropout=0.0, batch_first=True)


MODELS = {
    "a Linear itself": lambda: nn.Linear(6, 3),
    "nested and shared": Tied,
    "float64": lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3)).double(),
    "traced": lambda: torch.fx.symbolic_trace(Net()),
    "compiled": lambda: torch.compile(Net(), backend="eager"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
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


def test_what_was_shared_stays_shared_with_one_feedback():
    converted = convert(Tied())
    assert converted.body[0] is converted.body[2][0]
    assert len(list(converted.parameters())) == len(list(Tied().parameters()))
    for net in (converted, copy.deepcopy(converted)):
        assert net.one.weight is net.other.weight
        assert net.one.feedback is net.other.feedback
    loaded = convert(Tied())
    loaded.load_state_dict(converted.state_dict())
    for net in (loaded, copy.deepcopy(converted).double()):
        assert torch.equal(net.one.feedback, converted.one.feedback.to(net.one.weight))
        assert torch.equal(net.other.feedback, net.one.feedback)


def test_a_transposed_weight_and_an_embedding_stay_tied():
    model = nn.Sequential(nn.Embedding(7, 6), nn.Linear(6, 5), nn.Linear(5, 6), nn.Linear(6, 7))
    model[2].weight = nn.Parameter(model[1].weight.t())
    model[3].weight = model[0].weight
    converted = convert(model)
    assert converted[3].weight is converted[0].weight
    with torch.no_grad():
        converted[1].weight.normal_()
    assert torch.equal(converted[2].weight, converted[1].weight.t())
    assert not torch.equal(model[1].weight, converted[1].weight)


def test_numbers_of_a_plain_model_are_those_of_its_layers_drawn_in_order():
    model = nn.Sequential(nn.Sequential(nn.Linear(6, 5)), nn.Linear(5, 4), nn.Linear(4, 3))
    converted = convert(model, generator=torch.Generator().manual_seed(3))
    draw = torch.Generator().manual_seed(3)
    for layer in (converted[1], converted[2], converted[0][0]):  # parents first
        alone = FALinear(layer.in_features, layer.out_features, generator=draw)
        assert torch.equal(layer.feedback, alone.feedback)


def test_a_tie_does_not_move_the_feedback_of_the_layers_after_it():
    def last(tie):
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
        if tie:
            model[1].weight = model[0].weight
        return convert(model, generator=torch.Generator().manual_seed(0))[2].feedback

    assert torch.equal(last(True), last(False))


def test_all_that_a_layer_holds_is_kept():
    model, seen = Net(), []
    fc = model.hidden
    fc.weight.requires_grad_(False)
    fc.weight.no_decay = True
    fc.note = {"name": "first"}
    fc.register_buffer("mask", torch.tensor([1.0, 0, 1, 0, 1]), persistent=False)
    fc.register_parameter("gain", nn.Parameter(torch.full((5,), 2.0)))
    fc.gate = nn.ReLU()
    fc.register_forward_pre_hook(lambda layer, args: (args[0] * 3,))
    fc.register_forward_pre_hook(lambda layer, args, kw: (args, kw), with_kwargs=True)
    fc.register_forward_hook(lambda layer, args, out: layer.gate(out) * layer.mask * layer.gain)
    fc.register_forward_hook(lambda *_: seen.append("always"), always_call=True)
    fc.register_full_backward_hook(lambda *_: seen.append("backward"))
    fc.register_full_backward_pre_hook(lambda *_: seen.append("backward pre"))
    fc.register_state_dict_pre_hook(lambda *_: seen.append("state_dict"))
    fc.register_load_state_dict_post_hook(lambda *_: seen.append("loaded"))
    fc.eval()

    converted = convert(model)
    layer = converted.hidden
    assert type(layer) is FALinear and layer.rule == "fa" and not layer.training
    assert not layer.weight.requires_grad and layer.bias.requires_grad and layer.weight.no_decay
    assert layer.note == fc.note and layer.note is not fc.note
    assert list(converted.state_dict()) == [
        *("hidden.weight", "hidden.bias", "hidden.gain", "hidden.feedback"),
        *("readout.weight", "readout.bias", "readout.feedback"),
    ]
    x = torch.randn(4, 6).round().requires_grad_()  # whole numbers: the order of sums is nothing
    for parameter in (*model.parameters(), *converted.parameters()):
        parameter.data.mul_(8).round_()
    assert torch.equal(converted(x), model(x)) and converted(x).any()
    seen.clear()
    converted(x).sum().backward()
    converted.load_state_dict(converted.state_dict())
    assert seen == ["always", "backward pre", "backward", "state_dict", "loaded"]
    with pytest.raises(ValueError, match="features"):
        converted.hidden(torch.ones(2, 5))
    assert seen[-1] == "always"


def test_everything_that_refers_to_a_layer_refers_to_the_converted_one():
    model = Net()
    model.all = [model.hidden, {"last": (model.readout,)}]
    object.__setattr__(model, "alias", model.hidden)
    model.call, model.late = model.hidden.__call__, partial(model.forward)
    converted = convert(model)
    assert converted.all[0] is converted.alias is converted.hidden is converted.call.__self__
    assert converted.all[1]["last"][0] is converted.readout
    assert {type(converted.hidden), type(converted.readout)} == {FALinear}
    assert converted.late.func.__self__ is converted
    assert converted.call(torch.ones(2, 6)).grad_fn is not None


def uses(attribute, make):
    """A model with an attribute that depends on the model itself."""

    def build():
        model = Net()
        object.__setattr__(model, attribute, make(model))
        return model

    return build


def changed(change, layer="hidden"):
    """A model one of whose layers was changed."""

    def build():
        model = Net()
        change(getattr(model, layer))
        return model

    return build


def old_weight_norm(layer):
    with pytest.warns(FutureWarning, match="deprecated"):
        nn.utils.weight_norm(layer)


def pruned(layer):
    prune.l1_unstructured(layer, "weight", 2)


def parametrised(layer):
    parametrizations.weight_norm(layer)


def without_weight(layer):
    weight = layer.weight.detach()
    del layer.weight
    layer.weight = weight


def make_complex(layer):
    layer.weight = nn.Parameter(layer.weight.detach() * 1j)


REFUSED = {
    "method": (uses("f", lambda m: m.hidden.forward), "'hidden' method forward"),
    "method in a list": (uses("f", lambda m: [{1: (m.readout.forward,)}]), "'readout' forward"),
    "partial": (uses("f", lambda m: partial(m.hidden.reset_parameters)), "'hidden' reset"),
    "closure": (uses("f", lambda m: lambda x: m.hidden(x)), "function's copy"),
    "closure over the model": (uses("f", lambda m: lambda x: m(x)), "itself function's"),
    "empty": (changed(lambda fc: setattr(fc, "weight", nn.Parameter(torch.ones(5, 0)))), "[5, 0]"),
    "default": (uses("f", lambda m: lambda x, f=m.hidden: f(x)), "'hidden' function's"),
    "own forward": (
        changed(lambda fc: setattr(fc, "forward", MethodType(lambda self, x: x, fc))),
        "'hidden' own forward FALinear",
    ),
    "buffer of the same name": (
        changed(lambda fc: fc.register_buffer("feedback", torch.ones(1)), "readout"),
        "'readout' own feedback",
    ),
    "attribute of the same name": (changed(lambda fc: setattr(fc, "rule", 1)), "'hidden' rule"),
    "gradient hook": (
        changed(lambda fc: fc.weight.register_hook(torch.neg)),
        "'hidden.weight' hook gradient",
    ),
    "hook after a gradient": (
        changed(lambda fc: fc.bias.register_post_accumulate_grad_hook(print)),
        "'hidden.bias' hook gradient",
    ),
    "weight norm": (changed(old_weight_norm), "'hidden' WeightNorm remove_weight_norm"),
    "spectral norm": (changed(old_spectral_norm), "'hidden' SpectralNorm remove_spectral_norm"),
    "pruned": (
        changed(lambda fc: prune.random_unstructured(fc, "weight", 0.5), "readout"),
        "'readout' RandomUnstructured prune.remove",
    ),
    "bias pruned": (
        changed(lambda fc: prune.random_unstructured(fc, "bias", 0.5)),
        "'hidden' prune.remove",
    ),
    "parametrised": (changed(parametrised), "'hidden' parametrisation remove_parametrizations"),
    "no parameter": (changed(without_weight), "'hidden' weight parameters"),
    "complex": (changed(make_complex), "'hidden' matrix real complex64"),
    "lazy": (
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.LazyLinear(2))),
        "'1.0' size call the model",
    ),
}


@pytest.mark.parametrize("make, words", REFUSED.values(), ids=REFUSED)
def test_what_a_copy_cannot_keep_is_refused_by_name(make, words):
    model = make()
    with pytest.raises(ValueError) as caught:
        convert(model)
    missing = [word for word in words.split() if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert not any(isinstance(module, FALinear) for module in model.modules())


def test_a_function_that_finds_the_model_among_its_globals_is_refused():
    namespace = {"net": Net()}
    namespace["net"].f = eval("lambda x: net.hidden(x)", namespace)
    with pytest.raises(ValueError, match="function's variables"):
        convert(namespace["net"])


def test_a_model_that_cannot_be_copied_is_named():
    model = Net()
    model.stream = (i for i in range(3))
    with pytest.raises(TypeError, match=r"model.*copy\.deepcopy.*Net.*generator"):
        convert(model)


CURES = {
    "weight norm": (old_weight_norm, nn.utils.remove_weight_norm),
    "spectral norm": (old_spectral_norm, nn.utils.remove_spectral_norm),
    "pruned": (pruned, lambda layer: prune.remove(layer, "weight")),
    "parametrised": (
        parametrised,
        lambda layer: nn.utils.parametrize.remove_parametrizations(layer, "weight"),
    ),
}


@pytest.mark.parametrize("change, cure", CURES.values(), ids=CURES)
def test_the_cure_that_the_error_names_works(change, cure):
    model, x = Net(), torch.randn(3, 6)
    change(model.hidden)
    cure(model.hidden)
    torch.testing.assert_close(convert(model)(x), model(x))


def test_a_lazy_layer_converts_once_the_model_was_called():
    model = nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 3))
    model(torch.ones(2, 6))
    assert [type(layer) for layer in convert(model)] == [FALinear, FALinear]


def test_a_lazy_layer_of_another_kind_stays_lazy():
    with pytest.warns(UserWarning, match="LazyConv1d"):
        converted = convert(nn.ModuleList([nn.LazyConv1d(3, 2), nn.Linear(4, 3)]))
    assert isinstance(converted[0], nn.LazyConv1d) and type(converted[1]) is FALinear


def test_a_layer_compiled_by_itself_is_converted():
    model, x = Net(), torch.randn(3, 6)
    model.hidden.compile(backend="eager")
    torch.testing.assert_close(convert(model)(x), Net.forward(model, x))


def test_a_weight_of_another_size_than_its_layer_says_keeps_the_function():
    model, x = Net(), torch.randn(3, 6)
    model.readout.weight = nn.Parameter(model.readout.weight[:2].detach())
    model.readout.bias = nn.Parameter(model.readout.bias[:2].detach())
    torch.testing.assert_close(convert(model)(x), model(x))


def test_says_what_it_left():
    with pytest.warns(UserWarning, match="1 MultiheadAttention, 1 NonDynamically") as caught:
        converted = convert(transformer())
    assert len(caught) == 1 and caught[0].filename == __file__
    assert summary(converted) == {
        "self_attn": "backpropagation",
        "self_attn.out_proj": "backpropagation",
        "linear1": "fa",
        "linear2": "fa",
    }
    x = torch.randn(2, 5, 6)
    model = transformer()
    with pytest.warns(UserWarning):
        torch.testing.assert_close(convert(model)(x), model(x))


def test_says_that_it_left_a_layer_which_modules_does_not_show():
    model = Net()
    model.hidden_from_torch = [nn.Linear(3, 3)]
    with pytest.warns(UserWarning, match="backpropagation: 1 Linear;"):
        convert(model)


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
    with torch.device("meta"):  # a generator draws on its own device, whatever the default one is
        d = convert(model, generator=torch.Generator("cpu").manual_seed(1))
    assert torch.equal(d[0].feedback, a[0].feedback)


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


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
def test_a_converted_model_is_an_ordinary_module():
    converted, x = convert(Net()), torch.randn(4, 6)
    loaded = convert(Net())
    loaded.load_state_dict(converted.state_dict())
    assert "rule='fa'" in repr(converted.hidden)

    def gradient(net, owner):
        (grad,) = torch.autograd.grad(net(x).square().sum(), owner.hidden.weight)
        return grad

    right, copied = gradient(converted, converted), copy.deepcopy(converted)
    state = dict(converted.named_parameters()) | dict(converted.named_buffers())
    assert torch.equal(gradient(copied, copied), right)
    assert torch.equal(gradient(loaded, loaded), right)
    assert torch.equal(gradient(torch.compile(converted, backend="eager"), converted), right)
    called = partial(torch.func.functional_call, convert(Net()), state)
    assert torch.equal(gradient(called, converted), right)
