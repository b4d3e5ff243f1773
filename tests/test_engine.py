"""The engine of the widgets, run in a browser: the same mathematics as fa_core, and sound noise."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

import fa_core as fa
from fa_core import rules
from fa_core.widgets._joining import join

MODULE = join("engine.js", "random.js")
PARTS = ("weight", "bias", "feedback")
NAMES = "Network, Random, NoiseGenerator, multiply, angle, effectiveRank, singularValues"


@pytest.fixture(scope="module")
def engine(browser) -> Iterator:
    """A blank page in which the engine's names are global."""
    page = browser.new_page()
    page.set_content(f"<script type=module>{MODULE}\nObject.assign(window, {{{NAMES}}});</script>")
    page.wait_for_function("Boolean(window.Network)")
    yield page
    page.close()


FOLLOW = """({sizes, rule, layers, batches, n, steps, rate, decay}) => {
  const net = new Network(sizes, rule);
  layers.forEach((given, l) => {
    for (const name of ["weight", "bias", "feedback"]) net.layers[l][name].set(given[name]);
  });
  net.begin(rate, decay);
  const losses = [];
  for (let t = 0; t < steps; t++) {
    const { x, y } = batches[t % batches.length];
    losses.push(net.step(Float64Array.from(x), Float64Array.from(y), n));
  }
  const values = net.layers.map(({ weight, bias, feedback }) =>
    [weight, bias, feedback].map((list) => Array.from(list)));
  const [x, y] = [batches[0].x, batches[0].y].map((list) => Float64Array.from(list));
  return { losses, values, measured: { ...net.evaluate(x, y, n), ...net.geometry() } };
}"""


@pytest.mark.parametrize("sizes", [[64, 64, 10], [24, 17, 13, 10], [16, 12, 9, 11, 5]])
@pytest.mark.parametrize("rule", ["fa", "bp"])
def test_engine_follows_fa_core_for_200_steps(engine, rule: str, sizes: list[int]):
    n, steps, rate = 30, 200, 1e-3
    net = fa.MLP(sizes, rule=rule, seed=5)
    noise = fa.NoiseGenerator(sizes[0], sizes[-1], seed=7)
    batches = [noise.batch(n) for _ in range(20)]

    given = [{name: flat(getattr(layer, name)) for name in PARTS} for layer in net.layers]
    sent = [{"x": flat(batch.x), "y": flat(batch.y)} for batch in batches]
    words = rules.as_data()[rule]
    settings = {"sizes": sizes, "rule": words, "n": n, "steps": steps, "rate": rate}
    found = engine.evaluate(FOLLOW, {**settings, "layers": given, "batches": sent})

    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    losses = []
    for t in range(steps):
        optimizer.zero_grad()
        loss = fa.metrics.cross_entropy(net(batches[t % 20].x), batches[t % 20].y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-4)
    for layer, (weight, bias, _) in zip(net.layers, found["values"], strict=True):
        for mine, theirs in ((weight, layer.weight), (bias, layer.bias)):
            theirs = np.array(flat(theirs))
            assert np.linalg.norm(mine - theirs) < 1e-3 * np.linalg.norm(theirs)

    x, y = batches[0]
    measured, upper = found["measured"], net.layers[1:]
    angles = [fa.metrics.alignment_angle(layer.weight, layer.feedback).item() for layer in upper]
    ranks = [fa.metrics.effective_rank(layer.weight).item() for layer in upper]
    np.testing.assert_allclose(measured["angles"], angles, atol=0.01)
    np.testing.assert_allclose(measured["ranks"], ranks, rtol=1e-3)
    readout = fa.metrics.readout_probabilities(net, x)
    np.testing.assert_allclose(measured["readout"], readout, atol=1e-4)
    assert measured["accuracy"] == pytest.approx(fa.metrics.accuracy(net(x), y).item(), abs=0.04)


CARRIED = {  # the error that a layer sends down, before the ReLU below
    "bp": lambda weight, feedback, delta, logits: delta @ weight,
    "fa": lambda weight, feedback, delta, logits: delta @ feedback,
    "kp": lambda weight, feedback, delta, logits: delta @ feedback,
    "dfa": lambda weight, feedback, delta, logits: logits @ feedback,
}


def train_by_hand(
    rule: str,
    weight: list[torch.Tensor],
    bias: list[torch.Tensor],
    feedback: list[torch.Tensor],
    batches: list[tuple[torch.Tensor, torch.Tensor]],
    rate: float,
    decay: float,
) -> list[float]:
    """Losses of a network of float64 tensors, trained in place: errors by hand, AdamW torch's.

    The feedback of Kolen-Pollack takes the gradient of the weight, with running means of its own.
    """
    learned = [*weight, *bias, *(feedback if rule == "kp" else [])]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=decay)
    losses = []
    for x, y in batches:
        inputs = [x]
        for w, b in zip(weight[:-1], bias[:-1], strict=True):
            inputs.append((inputs[-1] @ w.T + b).relu())
        log_p = (inputs[-1] @ weight[-1].T + bias[-1]).log_softmax(1)
        losses.append(-(y * log_p).sum(1).mean().item())
        logits = (log_p.exp() - y) / len(x)
        deltas = [logits]
        for layer in range(len(weight) - 1, 0, -1):
            sent = CARRIED[rule](weight[layer], feedback[layer], deltas[0], logits)
            deltas.insert(0, sent * (inputs[layer] > 0))
        by_weight = [delta.T @ a for delta, a in zip(deltas, inputs, strict=True)]
        gradients = [*by_weight, *(delta.sum(0) for delta in deltas), *by_weight]
        for parameter, gradient in zip(learned, gradients[: len(learned)], strict=True):
            parameter.grad = gradient
        optimizer.step()
    return losses


@pytest.mark.parametrize("sizes", [[24, 17, 10], [24, 17, 13, 6]])
@pytest.mark.parametrize("rule", CARRIED)
@pytest.mark.parametrize("decay", [0, 2])
def test_every_rule_is_exact_for_200_steps(engine, rule: str, sizes: list[int], decay: float):
    n, steps, rate, words = 30, 200, 1e-3, rules.as_data()[rule]
    draw = torch.Generator().manual_seed(3)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=draw, dtype=torch.float64)

    pairs = list(pairwise(sizes))
    weight = [normal(o, i) / i**0.5 for i, o in pairs]
    bias = [normal(o) / 10 for _, o in pairs]
    feedback = [normal(*rules.RULES[rule].shape(i, o, sizes[-1])) / i**0.5 for i, o in pairs]
    before = [matrix.clone() for matrix in feedback]
    batches = [(normal(n, sizes[0]), normal(n, sizes[-1]).softmax(1)) for _ in range(20)]

    layers = list(zip(weight, bias, feedback, strict=True))
    given = {
        "layers": [dict(zip(PARTS, map(flat, parts), strict=True)) for parts in layers],
        "batches": [{"x": flat(x), "y": flat(y)} for x, y in batches],
    }
    settings = {"sizes": sizes, "rule": words, "n": n, "steps": steps, "rate": rate, "decay": decay}
    found = engine.evaluate(FOLLOW, settings | given)
    repeated = batches * (steps // len(batches))
    losses = train_by_hand(rule, weight, bias, feedback, repeated, rate, decay)

    np.testing.assert_allclose(found["losses"], losses, rtol=1e-6)
    for mine, theirs in zip(found["values"], layers, strict=True):
        for values, tensor in zip(mine, theirs, strict=True):
            reference = np.array(flat(tensor))
            assert np.linalg.norm(values - reference) < 1e-6 * np.linalg.norm(reference)
    moved = [not torch.equal(*pair) for pair in zip(before, feedback, strict=True)]
    assert moved == [words["follows"]] * len(layers)
    upper = [
        fa.metrics.alignment_angle(w, b).item() if w.shape == b.shape else np.nan
        for w, _, b in layers[1:]
    ]
    np.testing.assert_allclose(found["measured"]["angles"], upper, rtol=1e-6)


def flat(tensor: torch.Tensor) -> list[float]:
    return tensor.detach().double().flatten().tolist()


def test_feedback_never_changes_and_a_restart_forgets_adam(engine):
    unchanged, same = engine.evaluate(
        """(rule) => {
      const start = new Network([6, 5, 4], rule);
      start.initialise(new Random(1, "init"));
      const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i));
      const y = Float64Array.from([0, 1, 0, 0, 1, 0, 0, 0]);
      const [a, b] = [new Network([6, 5, 4], rule), new Network([6, 5, 4], rule)];
      a.copyFrom(start);
      a.begin(0.01);
      for (let t = 0; t < 20; t++) a.step(x, y, 2);
      const unchanged = a.layers.every((layer, l) =>
        layer.feedback.every((value, i) => value === start.layers[l].feedback[i]));
      b.copyFrom(a);
      a.begin(0.01);
      b.begin(0.01);
      a.step(x, y, 2);
      b.step(x, y, 2);
      return [unchanged, a.layers[0].weight.every((w, i) => w === b.layers[0].weight[i])];
    }""",
        rules.as_data()["fa"],
    )
    assert unchanged and same


@pytest.mark.parametrize("rows, cols", [(1, 1), (2, 2), (4, 8), (5, 3), (10, 64), (80, 70)])
def test_products_and_spectra_are_those_of_numpy(engine, rows: int, cols: int):
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, 9)), rng.normal(size=(cols, 9))
    product = "([a, b, r, c, d]) => { const out = new Float64Array(r * c);"
    plain = product + " multiply(out, r, c, d, a, d, 1, b, d, 1); return Array.from(out); }"
    turned = product + " multiply(out, r, c, d, a, 1, r, b, 1, c); return Array.from(out); }"
    size = [rows, cols, 9]
    expected = (a @ b.T).ravel()
    found = engine.evaluate(plain, [a.ravel().tolist(), b.ravel().tolist(), *size])
    np.testing.assert_allclose(found, expected)
    found = engine.evaluate(turned, [a.T.ravel().tolist(), b.T.ravel().tolist(), *size])
    np.testing.assert_allclose(found, expected)

    matrix = expected.reshape(rows, cols)
    spectrum = "([m, r, c]) => Array.from(singularValues(m, r, c))"
    found = engine.evaluate(spectrum, [expected.tolist(), rows, cols])
    values = np.linalg.svd(matrix, compute_uv=False)
    np.testing.assert_allclose(found, values, atol=1e-7 * values[0])


def test_effective_rank_and_angle_of_known_matrices(engine):
    identity = np.eye(5).ravel().tolist()
    assert engine.evaluate("(m) => effectiveRank(m, 5, 5)", identity) == pytest.approx(5)
    assert engine.evaluate("() => effectiveRank([1, 2, 2, 4], 2, 2)") == pytest.approx(1)
    angles = engine.evaluate("() => [[1, 0], [0, 3], [-2, 0]].map((v) => angle([2, 0], v))")
    assert angles == pytest.approx([0, 90, 180])


def draw(engine, kind: str, seed: int = 3) -> np.ndarray:
    expression = """([seed, kind]) => {
      const random = new Random(seed, "noise");
      return Array.from({ length: 200000 }, () => random[kind]());
    }"""
    return np.array(engine.evaluate(expression, [seed, kind]))


def test_normal_numbers_have_the_moments_and_tails_of_the_normal_distribution(engine):
    x = draw(engine, "normal")
    error = 1 / np.sqrt(len(x))
    assert abs(x.mean()) < 4 * error
    assert abs(x.var() - 1) < 4 * np.sqrt(2) * error
    assert abs(stats.skew(x)) < 4 * np.sqrt(6) * error
    assert abs(stats.kurtosis(x)) < 4 * np.sqrt(24) * error
    assert stats.kstest(x, "norm").pvalue > 1e-4
    beyond = (np.abs(x) > 3.442619855899).mean()  # drawn by the tail's own code
    expected = 2 * stats.norm.sf(3.442619855899)
    assert abs(beyond - expected) < 4 * np.sqrt(expected) * error
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 * error


def test_uniform_numbers_are_uniform_and_streams_differ(engine):
    x = draw(engine, "uniform")
    assert stats.kstest(x, "uniform").pvalue > 1e-4
    assert x.min() > 0 and x.max() < 1
    assert (draw(engine, "uniform") == x).all()
    assert not (draw(engine, "uniform", seed=4) == x).any()
    first = "(name) => new Random(3, name).uniform()"
    assert engine.evaluate(first, "init") != engine.evaluate(first, "noise")


@pytest.mark.parametrize("distribution", ["gaussian", "uniform", "bernoulli"])
@pytest.mark.parametrize("labels", ["random", "fixed", "uniform"])
def test_noise_has_the_stated_moments_and_labels(engine, distribution: str, labels: str):
    options = {"distribution": distribution, "labels": labels, "mean": 0.5, "std": 2.0}
    x, y = engine.evaluate(
        """(options) => {
          const [x, y] = [new Float64Array(64000), new Float64Array(10000)];
          new NoiseGenerator(options, 10, new Random(11, "noise"), 7).fill(x, y);
          return [Array.from(x), Array.from(y)];
        }""",
        options,
    )
    x, y = np.array(x), np.array(y).reshape(1000, 10)
    assert abs(x.mean() - 0.5) < 4 * 2 / np.sqrt(len(x))
    assert x.std() == pytest.approx(2, rel=0.02)
    if distribution == "uniform":
        assert np.abs(x - 0.5).max() <= 2 * np.sqrt(3)
    if distribution == "bernoulli":
        assert set(x) == {-1.5, 2.5}
    np.testing.assert_allclose(y.sum(1), 1)
    share = y.mean(0)
    if labels == "random":
        assert np.abs(share - 0.1).max() < 4 * np.sqrt(0.09 / 1000)
    else:
        assert share[7] == pytest.approx(1 if labels == "fixed" else 0.1)
