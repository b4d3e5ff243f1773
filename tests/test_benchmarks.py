"""The benchmark's contestants compute the same training, and its goals are judged as measured."""

import pytest
import torch

import fa_core as fa

# Of the checkout alone: the package comes without it.
contestants = pytest.importorskip("benchmarks.contestants", reason="benchmarks/ is not here")
report = pytest.importorskip("benchmarks.report", reason="benchmarks/ is not here")

pytestmark = pytest.mark.book
SMALL = report.SMALL


@pytest.mark.parametrize("networks", [None, 3])
@pytest.mark.parametrize("sizes", [[20, 12, 5], [20, 12, 8, 5]], ids=str)
def test_the_jax_contestant_trains_as_fa_core_does(sizes, networks):
    jax = pytest.importorskip("jax", reason="JAX is not installed; the extra bench brings it")
    from benchmarks import in_jax

    net = fa.MLP(sizes, networks=networks)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    # JAX has its weights as [i, o]
    parameters = [(_array(jax, m.weight.mT), _array(jax, m.bias)) for m in net.layers]
    feedback = [_array(jax, m.feedback.mT) for m in net.layers]
    many = jax.vmap if networks else lambda function, *_: function
    state = many(in_jax.start)(parameters, feedback)
    update = many(in_jax.update, (0, 0, 0, None))
    noise = fa.NoiseGenerator(sizes[0], sizes[-1], networks=networks)
    before = torch.cat([p.detach().flatten() for p in net.parameters()])
    for _ in range(3):
        x, y = noise.batch(16)
        net.loss_and_gradients(x, y)
        optimizer.step()
        state = update(state, _array(jax, x), _array(jax, y), 1e-2)
    for layer, (weight, bias) in zip(net.layers, state.parameters, strict=True):
        for mine, theirs in ((layer.weight.mT, weight), (layer.bias, bias)):
            torch.testing.assert_close(
                mine.detach(), torch.from_dlpack(theirs), rtol=1e-4, atol=1e-6
            )
    after = torch.cat([p.detach().flatten() for p in net.parameters()])
    assert (after - before).abs().max() > 0.02  # three steps went far beyond the tolerance


def _array(jax, tensor):
    return jax.numpy.asarray(tensor.detach().numpy())


def test_jax_races_where_it_is_installed_and_on_the_cpu_alone(monkeypatch):
    monkeypatch.setattr(contestants, "_jax", lambda sizes, networks: None)
    raced = []
    for device, installed in (("cpu", True), ("cpu", False), ("cuda", True)):
        monkeypatch.setattr(contestants, "HAS_JAX", installed)
        raced.append([c.networks for c in contestants.field(device, [16]) if c.name == "JAX"])
    assert raced == [[None, 16, None, 16], [], []]


def result(device="cpu", jax=True):
    """A race of three rounds: fa_core takes 1 s, the plain loop 4, JAX 1.2."""
    rows = [
        {"name": name, "training": training, "sizes": SMALL, "networks": n, "seconds": [s] * 3}
        for name, s in (("plain loop", 4.0), ("fa_core", 1.0), *([("JAX", 1.2)] if jax else []))
        for training in ("noise", "shared noise")
        for n in (None, 16, 64, 256)
    ]
    return {"device": device, "rows": rows, "limits": {"seconds": {"784-100-10": 0.6}}}


def test_goals_are_judged_beside_the_plain_loop_jax_and_the_limit():
    judged = {g["name"]: (g["measured"], g["met"]) for g in report.goals(result())}
    assert judged == {
        "noise, 16 networks: times the plain loop": ([4.0] * 3, True),
        "shared noise, 16 networks: times the plain loop": ([4.0] * 3, False),
        "noise, one network: times the plain loop": ([4.0] * 3, True),
        "noise, 16 networks: times JAX": ([1.2] * 3, False),
        "noise, one network: times JAX": ([1.2] * 3, True),
        "noise, 64 networks: of the limit": ([0.6] * 3, False),
    }


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_without_jax_no_goal_beside_it_is_judged(device):
    goals = report.goals(result(device, jax=False))
    assert len(goals) == {"cpu": 4, "cuda": 3}[device]
    assert not any("JAX" in goal["name"] for goal in goals)
