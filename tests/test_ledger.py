"""Plain SGD, rates by layer and FA's conservation law: the page's engine beside fa_core."""

from collections.abc import Iterator
from itertools import cycle

import numpy as np
import pytest
import torch

import fa_core as fa
from fa_core import rules
from fa_core.widgets._joining import join

MODULE = join("engine.js", "random.js", "rate_ratio_run.js")
PARTS = ("weight", "bias", "feedback")


@pytest.fixture(scope="module")
def engine(browser) -> Iterator:
    """A blank page in which the engine's names are global."""
    page = browser.new_page()
    names = "Object.assign(window, { Network, RateRatioRun });"
    page.set_content(f"<script type=module>{MODULE}\n{names}</script>")
    page.wait_for_function("Boolean(window.Network)")
    yield page
    page.close()


FOLLOW = """({ sizes, rule, options, layers, batches, n, phases, decay }) => {
  const net = new Network(sizes, rule, options);
  layers.forEach((given, l) => {
    for (const name of ["weight", "bias", "feedback"]) net.layers[l][name].set(given[name]);
  });
  let t = 0;
  for (const { steps, rate } of phases) {
    net.begin(rate, decay);
    for (let s = 0; s < steps; s++, t++) {
      const { x, y } = batches[t % batches.length];
      net.step(Float64Array.from(x), Float64Array.from(y), n);
    }
  }
  const values = net.layers.map(({ weight, bias }) =>
    [weight, bias].map((list) => Array.from(list)));
  return { values, sums: net.ledgers.map((l) => l.sums()), geometry: net.geometry() };
}"""


def flat(tensor: torch.Tensor) -> list[float]:
    return tensor.detach().double().flatten().tolist()


def start(sizes: list[int], rule: str = "fa", labels: str = "random") -> tuple:
    """A network and batches of noise in float64, and both as the page takes them."""
    net = fa.MLP(sizes, rule=rule, seed=5).double()
    noise = fa.NoiseGenerator(sizes[0], sizes[-1], seed=7, labels=labels)
    drawn = [[part.double() for part in noise.batch(30)] for _ in range(20)]
    batches = [(x, y / y.sum(1, keepdim=True)) for x, y in drawn]  # 1/K to the last digit
    sent = {
        "layers": [{name: flat(getattr(layer, name)) for name in PARTS} for layer in net.layers],
        "batches": [{"x": flat(x), "y": flat(y)} for x, y in batches],
    }
    return net, batches, sent | {"sizes": sizes, "rule": rules.as_data()[rule], "n": 30}


def train_in_torch(net, batches, phases, ratio: float, optimiser: type) -> list[dict[str, float]]:
    """Trains ``net`` in place; the ledger of each layer from the second on, summed step by step."""
    layers = list(net.layers)
    ledgers = [dict.fromkeys(("turned", "grown", "walked"), 0.0) for _ in layers[1:]]
    norms = [layer.weight.norm().item() for layer in layers]
    coming = cycle(batches)
    for phase in phases:
        factors = [ratio**0.5] * (len(layers) - 1) + [ratio**-0.5]
        rates = [phase["rate"] * factor for factor in factors]
        learned = [[layer.weight, layer.bias] for layer in layers]
        optimizer = optimiser(
            [{"params": p, "lr": r} for p, r in zip(learned, rates, strict=True)], lr=1
        )
        for _ in range(phase["steps"]):
            before = [[p.detach().clone() for p in pair] for pair in learned]
            x, y = next(coming)
            optimizer.zero_grad()
            fa.metrics.cross_entropy(net(x), y).backward()
            optimizer.step()
            for below, ledger in enumerate(ledgers):
                above = layers[below + 1]
                change = above.weight - before[below + 1][0]
                pairs = list(zip(learned[below], before[below], strict=True))
                walk = sum((new - old).square().sum().item() for new, old in pairs)
                growth = sum((new.square() - old.square()).sum().item() for new, old in pairs)
                ledger["turned"] += (change * above.feedback).sum().item() / rates[below + 1]
                ledger["grown"] += (growth - walk) / (2 * rates[below])
                ledger["walked"] += walk / (2 * rates[below])
    for layer, norm, ledger in zip(layers[1:], norms[1:], ledgers, strict=True):
        ledger["size"] = layer.weight.norm().item() / norm
    return ledgers


@pytest.mark.parametrize("sizes", [[64, 64, 10], [24, 17, 13, 10]])
@pytest.mark.parametrize("ratio", [1.0, 10.0])
@pytest.mark.parametrize("labels", ["random", "uniform"])
def test_under_sgd_both_sides_are_one_and_those_of_fa_core(engine, sizes, ratio, labels):
    phases = [{"steps": 120, "rate": 0.05}, {"steps": 80, "rate": 0.02}]
    net, batches, sent = start(sizes, labels=labels)
    options = {"optimiser": "sgd", "ratio": ratio}
    found = engine.evaluate(FOLLOW, {**sent, "options": options, "phases": phases, "decay": 0})
    ledgers = train_in_torch(net, batches, phases, ratio, torch.optim.SGD)
    for layer, (weight, bias) in zip(net.layers, found["values"], strict=True):
        np.testing.assert_allclose(weight, flat(layer.weight), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(bias, flat(layer.bias), rtol=1e-6, atol=1e-9)
    for mine, theirs in zip(found["sums"], ledgers, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-6)
        assert mine["turned"] == pytest.approx(mine["grown"], rel=1e-9)
        assert abs(mine["turned"]) > 0.01 and mine["walked"] > 0
    readout = net.layers[-1]
    centred = [fa.metrics.class_centred(m) for m in (readout.weight, readout.feedback)]
    angle = fa.metrics.alignment_angle(*centred).item()
    assert found["geometry"]["centredAngle"] == pytest.approx(angle, abs=1e-6)
    assert abs(angle - found["geometry"]["angles"][-1]) > 0.01


def test_under_adam_the_sides_are_those_of_fa_core_and_part(engine):
    phases = [{"steps": 120, "rate": 1e-3}, {"steps": 80, "rate": 4e-4}]
    net, batches, sent = start([24, 17, 10])
    options = {"optimiser": "adam", "ratio": 10}
    found = engine.evaluate(FOLLOW, {**sent, "options": options, "phases": phases, "decay": 0})
    # Each phase has an optimiser of its own, as the page's begins anew.
    (theirs,) = train_in_torch(net, batches, phases, 10, torch.optim.Adam)
    (mine,) = found["sums"]
    assert mine == pytest.approx(theirs, rel=1e-4)
    assert abs(mine["turned"] - mine["grown"]) > 0.1 * abs(mine["turned"])


@pytest.mark.parametrize("rule, decay", [("bp", 0), ("kp", 0), ("fa", 1)])
def test_where_the_law_does_not_hold_the_ledger_shows_a_gap(engine, rule: str, decay: float):
    _, _, sent = start([24, 17, 10], rule)
    phases = [{"steps": 100, "rate": 0.05}]
    settings = {"options": {"optimiser": "sgd"}, "phases": phases, "decay": decay}
    (sums,) = engine.evaluate(FOLLOW, sent | settings)["sums"]
    assert abs(sums["turned"] - sums["grown"]) > 0.02 * abs(sums["grown"])


def test_direct_feedback_has_a_left_side_at_the_readout_alone(engine):
    words = {"sizes": [24, 17, 13, 10], "rule": rules.as_data()["dfa"]}
    expression = """({ sizes, rule }) => {
      const net = new Network(sizes, rule, { optimiser: "sgd" });
      net.begin(0.1);
      return net.ledgers.map((ledger) => Number.isNaN(ledger.sums().turned));
    }"""
    assert engine.evaluate(expression, words) == [True, False]


STUDY = """({ settings, rule }) => {
  const run = new RateRatioRun(settings, rule);
  const records = [run.record()];
  while (!run.done) {
    run.advance();
    if (run.recorded) records.push(run.record());
  }
  return records;
}"""


def study(engine, **changed) -> list[dict]:
    settings = {"ratio": 10, "labels": "random", "networks": 3, "steps": 300, "rate": 0.1}
    settings |= {"hidden": 64, "batch": 64, "seed": 2} | changed
    return engine.evaluate(STUDY, {"settings": settings, "rule": rules.as_data()["fa"]})


def test_networks_of_the_rate_ratio_differ_repeat_and_keep_the_law(engine):
    records = study(engine)
    assert [records[0]["step"], records[-1]["step"]] == [0, 300]
    last = records[-1]
    assert len(set(last["raw"])) == 3
    np.testing.assert_allclose(last["turned"], last["grown"], rtol=1e-9)
    assert max(last["raw"]) < min(records[0]["raw"]) - 5
    assert study(engine) == records
    alone = study(engine, networks=1, seed=4)
    assert alone[-1]["raw"] == last["raw"][2:], "network i is that of seed + i"


def test_a_faster_readout_does_not_align(engine):
    slow = study(engine, ratio=1 / 30)[-1]
    assert np.mean(slow["centred"]) > np.mean(study(engine)[-1]["centred"]) + 5
