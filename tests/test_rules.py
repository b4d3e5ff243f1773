"""Rules: the registry, and what layers, training and records do with a rule."""

import copy
from itertools import pairwise

import pytest
import torch
from rule_samples import LR, SIZES, batches
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

import fa_core as fa
from fa_core import rules, seeding
from fa_core.engine import autograd
from fa_core.engine.batches import NoiseBatches
from fa_core.rules import RULES, Rule


@pytest.mark.parametrize("rule", ["mirror", "sign-batch"])
def test_a_rule_works_between_on_its_own_layers_alone(rule):
    net = fa.MLP(SIZES, networks=2)
    net.layers[1].rule = rule
    before = [layer.feedback.clone() for layer in net.layers]
    fa.train_on_noise(net, 2, progress=False)
    moved = [
        not torch.equal(layer.feedback, old) for layer, old in zip(net.layers, before, strict=True)
    ]
    assert moved == [False, True, False]


def test_the_recorded_angle_is_that_of_the_matrix_that_carries_the_error():
    carriers = {
        "fa": lambda layer: layer.feedback,
        "bp": lambda layer: layer.feedback,  # the control: it carries nothing
        "sign-uniform": lambda layer: layer.weight.sign(),
        "sign-fixed": lambda layer: layer.weight.sign() * layer.feedback.abs(),
    }
    for rule, carrier in carriers.items():
        net = fa.MLP([64, 60, 10], rule, seed=4)
        history = fa.train_on_noise(net, 0, record=["alignment_angle"], progress=False)
        expected = fa.metrics.alignment_angle(net.layers[1].weight, carrier(net.layers[1]))
        assert history["alignment_angle_2"][0] == pytest.approx(expected.item(), abs=1e-4)


def test_dfa_needs_feedback_from_the_outputs_units_and_says_so():
    net = fa.MLP([6, 5, 4, 3], "dfa")
    assert [tuple(layer.feedback.shape) for layer in net.layers] == [(3, 6), (3, 5), (3, 4)]
    layer = fa.FALinear(5, 4, rule="dfa", outputs=3)
    assert layer.feedback.shape == (3, 5)
    with pytest.raises(ValueError, match=r"'fa' needs feedback of shape \(4, 5\).*\(3, 5\)"):
        layer.rule = "fa"
    layer.rule = "bp"  # which reads none
    layer.rule = "dfa"
    with pytest.raises(RuntimeError, match=r"error at the network's logits.*fa_core\.MLP"):
        layer(torch.randn(2, 5, requires_grad=True)).sum().backward()


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("rule", ["dfa", "kp"])
def test_a_converted_model_learns_by_a_rule_as_the_same_mlp_does(rule, copied):
    net = fa.MLP(SIZES, rule).double()
    linears = [nn.Linear(i, o).double() for i, o in pairwise(SIZES)]
    model = nn.Sequential(linears[0], nn.ReLU(), linears[1], nn.ReLU(), linears[2])
    model = fa.convert(model, rule, outputs=SIZES[-1])
    model = copy.deepcopy(model) if copied else model
    names = {"layers.0": "0", "layers.1": "2", "layers.2": "4"}
    model.load_state_dict({f"{names[k[:8]]}{k[8:]}": v for k, v in net.state_dict().items()})
    ((x, y),) = batches(None, 1)
    for either in (net, model):
        autograd.loss_and_gradients(either, x, y)
    mine, theirs = ([p.grad for p in either.parameters()] for either in (net, model))
    torch.testing.assert_close(mine, theirs)
    with pytest.raises(ValueError, match="outputs must be the number of classes under rule 'dfa'"):
        fa.convert(linears[0], "dfa")


def test_two_forward_passes_keep_their_own_errors():
    """As in contrastive or accumulated losses: the backward pass of each uses its own logits."""
    net = fa.MLP(SIZES, "dfa").double()
    (x, y), (x2, y2) = batches(None, 2)
    summed = [torch.zeros_like(p) for p in net.parameters()]
    for one in ((x, y), (x2, y2)):
        net.zero_grad()
        fa.metrics.cross_entropy(net(one[0]), one[1]).backward()
        summed = [total + p.grad for total, p in zip(summed, net.parameters(), strict=True)]
    net.zero_grad()
    losses = [fa.metrics.cross_entropy(net(a), b) for a, b in ((x, y), (x2, y2))]
    sum(losses).backward()
    torch.testing.assert_close([p.grad for p in net.parameters()], summed)


@pytest.mark.parametrize("rule", ["bp", "fa", "kp", "sign-uniform", "sign-fixed"])
def test_vmap_over_stacked_networks_equals_each_alone(rule):
    nets = [fa.MLP(SIZES, rule, seed=seed).double() for seed in range(3)]
    parameters, buffers = stack_module_state(nets)
    base = copy.deepcopy(nets[0]).to("meta")
    ((x, y),) = batches(3, 1)

    def loss(parameters, buffers, x, y):
        return fa.metrics.cross_entropy(functional_call(base, (parameters, buffers), (x,)), y)

    found = vmap(grad(loss))(parameters, buffers, x, y)
    for number, net in enumerate(nets):
        fa.metrics.cross_entropy(net(x[number]), y[number]).backward()
        for name, parameter in net.named_parameters():
            torch.testing.assert_close(found[name][number], parameter.grad)


def test_under_bp_the_second_derivative_is_that_of_plain_layers():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    model = fa.convert(plain, rule="bp")
    ((x, y),) = batches(None, 1)

    def curvature(net):
        parameters = dict(net.named_parameters())

        def loss(parameters):
            return fa.metrics.cross_entropy(functional_call(net, parameters, (x,)), y)

        def length(parameters):
            return sum(g.square().sum() for g in grad(loss)(parameters).values())

        return grad(length)(parameters)

    torch.testing.assert_close(curvature(model), curvature(plain))


@pytest.mark.parametrize("rule", ["fa", "kp"])
def test_other_rules_have_no_second_derivative_and_say_so(rule):
    net = fa.MLP(SIZES, rule).double()
    ((x, y),) = batches(None, 1)
    parameters = dict(net.named_parameters())

    def loss(parameters):
        return fa.metrics.cross_entropy(functional_call(net, parameters, (x,)), y)

    def length(parameters):
        return sum(g.square().sum() for g in grad(loss)(parameters).values())

    with pytest.raises(RuntimeError, match="no second derivative"):
        grad(length)(parameters)
    first = torch.autograd.grad(loss(parameters), list(net.parameters()), create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        sum(g.square().sum() for g in first).backward()


def test_a_registered_rule_is_followed(registered):
    @registered
    class Doubled(Rule):
        def carry(self, layer, s):
            return 2 * s.delta @ layer.feedback

    layer = fa.FALinear(4, 3, rule="Doubled")
    x = torch.randn(5, 4, requires_grad=True)
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad, (2 * layer.feedback).sum(0).expand(5, 4))


@pytest.mark.parametrize("networks", [None, 3])
def test_a_rule_of_ones_own_gives_the_same_by_both_paths(registered, networks):
    @registered
    class Halfway(Rule):
        """Half the weight, half the feedback, which follows the weight's sign."""

        def carry(self, layer, s):
            return s.delta @ (layer.weight + layer.feedback) / 2

        def feedback_gradient(self, layer, s, grad_w):
            return grad_w.sign() * s.delta.abs().mean(dim=(-2, -1), keepdim=True)

    nets = [fa.MLP(SIZES, "Halfway", networks).double() for _ in range(2)]
    optimizers = [torch.optim.Adam(net.parameters(), lr=LR) for net in nets]
    for x, y in batches(networks, 50):
        nets[0].loss_and_gradients(x, y)
        autograd.loss_and_gradients(nets[1], x, y)
        for optimizer in optimizers:
            optimizer.step()
    torch.testing.assert_close(*([*net.parameters()] for net in nets))
    assert len(list(nets[0].parameters())) == 9  # the optimiser holds the feedback


@pytest.mark.parametrize("threads", [1, 2])
def test_a_rule_works_between_updates_for_each_network_by_itself(registered, threads):
    @registered
    class Wandering(Rule):
        """The feedback makes a random walk."""

        def between(self, net, generators):
            for layer in net.layers:
                for part, stream in zip(layer.feedback, generators, strict=True):
                    part.add_(torch.randn(part.shape, generator=stream))

    torch.set_num_threads(threads)
    options = {"batch_size": 4, "progress": False, "record_at": ()}
    together = fa.MLP(SIZES, "Wandering", networks=4, seed=2)
    alone = fa.MLP(SIZES, "Wandering", networks=1, seed=3)
    fa.train_on_noise(together, 5, seed=2, **options)
    fa.train_on_noise(alone, 5, seed=3, **options)
    for layer, single in zip(together.layers, alone.layers, strict=True):
        torch.testing.assert_close(layer.feedback[1], single.feedback[0])
        torch.testing.assert_close(layer.weight[1], single.weight[0])


def test_work_between_needs_no_word_about_gradients(registered):
    @registered
    class Shrinking(Rule):
        def between(self, net, generators):
            for layer in self.layers(net):
                layer.feedback.mul_(0.5)

    net = fa.MLP(SIZES, "kp")  # which makes the feedback a parameter
    for layer in net.layers:
        layer.rule = "Shrinking"
    before = net.layers[1].feedback.detach().clone()
    fa.train_on_noise(net, 3, progress=False)
    torch.testing.assert_close(net.layers[1].feedback.detach(), before / 8)


@pytest.mark.parametrize("networks", [None, 6])
def test_a_rule_that_is_set_while_training_works_from_there(networks):
    """A population trains in parts, which know nothing of a change to the whole."""

    def change(net, *_):
        net.layers[1].feedback = -net.layers[1].feedback
        net.layers[1].rule = "mirror"
        return {}

    net, by_hand = (fa.MLP(SIZES, networks=networks) for _ in range(2))
    options = {"lr": LR, "batch_size": 8, "progress": False, "optimizer": torch.optim.SGD}
    fa.train_on_noise(net, 10, record=[change], record_at=[4], **options)
    noise = NoiseBatches(fa.NoiseGenerator(SIZES[0], SIZES[-1], networks=networks), 8)
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=LR)
    streams = seeding.generators(0, "rule", networks)
    for now in range(10):
        if now == 4:
            change(by_hand)
        noise.draw()
        by_hand.loss_and_gradients(*noise.batch)
        optimizer.step()
        if now >= 4:
            RULES["mirror"].between(by_hand, streams)
    torch.testing.assert_close(net.state_dict(), by_hand.state_dict())


def test_a_rule_that_couples_networks_is_refused(registered):
    class Coupled(Rule):
        def carry(self, layer, s):
            return s.delta @ (layer.feedback.sign() * layer.weight.std())

    with pytest.raises(ValueError, match=r"carry of rule 'Coupled' must keep networks independent"):
        registered(Coupled)
    assert "Coupled" not in RULES

    class Mixed(Rule):
        def feedback_gradient(self, layer, s, grad_w):
            return grad_w / s.delta.norm()

    with pytest.raises(ValueError, match=r"feedback_gradient of rule 'Mixed' must keep networks"):
        registered(Mixed)


def test_a_rule_of_the_wrong_shape_is_refused(registered):
    class Turned(Rule):
        def carry(self, layer, s):
            return s.delta

    with pytest.raises(ValueError, match=r"carry of rule 'Turned' must return .*5\], got"):
        registered(Turned)


def test_a_name_is_taken_once_and_by_a_class_alone():
    before = RULES["fa"]
    with pytest.raises(ValueError, match=r"name must be new.*'fa'"):
        rules.register("fa")(Rule)
    with pytest.raises(TypeError, match=r"'mine' must be a class derived from Rule"):
        rules.register("mine")(lambda weight, feedback: weight)
    with pytest.raises(TypeError, match="name must be a text"):
        rules.register(7)
    assert RULES["fa"] is before


def test_simple_rules_are_data():
    assert rules.as_data() == {
        "bp": {"through": "weight", "source": "delta", "follows": False},
        "fa": {"through": "feedback", "source": "delta", "follows": False},
        "dfa": {"through": "feedback", "source": "error", "follows": False},
        "kp": {"through": "feedback", "source": "delta", "follows": True},
    }


def test_using_a_rule_ends_with_the_block_even_after_an_error():
    net = fa.MLP([4, 3, 2])
    net.layers[1].rule = "bp"
    with pytest.raises(RuntimeError, match="stop"), rules.using(net, "bp") as same:
        assert same is net and [layer.rule for layer in net.layers] == ["bp", "bp"]
        raise RuntimeError("stop")
    assert [layer.rule for layer in net.layers] == ["fa", "bp"]


def test_using_a_rule_that_does_not_fit_changes_no_layer():
    net = fa.MLP([4, 3, 5, 3])  # the first layer's feedback would do
    with pytest.raises(ValueError, match="'dfa' needs feedback of shape"), rules.using(net, "dfa"):
        pass
    assert [layer.rule for layer in net.layers] == ["fa"] * 3


def test_using_passes_over_what_is_no_feedback_layer():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), fa.FALinear(3, 2))
    model[0].feedback = "a user's own attribute"
    with rules.using(model, "bp"):
        assert model[1].rule == "bp"
    assert model[1].rule == "fa"


def test_a_rule_that_moves_the_feedback_hands_it_to_the_optimiser_and_keeps_it():
    layer = fa.FALinear(4, 3)
    feedback = layer.feedback.clone()
    assert "feedback" not in dict(layer.named_parameters())
    layer.rule = "kp"
    assert torch.equal(dict(layer.named_parameters())["feedback"], feedback)
    held = layer.feedback
    with rules.using(layer, "bp"):
        pass
    assert layer.feedback is held and set(layer.state_dict()) == {"weight", "bias", "feedback"}
