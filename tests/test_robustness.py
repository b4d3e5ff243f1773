"""Shifted images, and what noise gives on them: at the last step and at equal accuracy."""

import dataclasses

import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core import transforms
from fa_core.experiments.robustness import claims, conditions, experiment
from fa_core.experiments.shared import starts
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.tables import curve, where_reached

EMPTY = -0.8
SIDE = 7


@pytest.fixture
def images():
    return torch.randn(6, SIDE * SIDE, generator=torch.Generator().manual_seed(0))


def square(x, side=SIDE):
    return x.view(-1, side, side)


def blob(side=41):
    """One smooth spot off the centre, that nothing moves off the image."""
    at = torch.arange(side) - 0.4 * side
    spot = torch.exp(-(at[:, None] ** 2 + (at - 2) ** 2) / 32)
    return EMPTY + spot.reshape(1, -1)


IDENTITIES = [
    lambda x: transforms.translate(x, SIDE, background=EMPTY),
    lambda x: transforms.scale(x, SIDE, 1, background=EMPTY),
    lambda x: transforms.rotate(x, SIDE, 0, background=EMPTY),
    lambda x: transforms.rotate(x, SIDE, 360, background=EMPTY),
]


@pytest.mark.parametrize("transform", IDENTITIES)
def test_no_shift_changes_nothing(images, transform):
    torch.testing.assert_close(transform(images), images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_are_those_of_torch_counter_clockwise(images, quarters):
    turned = transforms.rotate(images, SIDE, 90 * quarters, background=EMPTY)
    expected = torch.rot90(square(images), quarters, (1, 2))
    torch.testing.assert_close(square(turned), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("right", "down"), [(2, 0), (-1, 0), (0, 3), (0, -2), (2, -1)])
def test_whole_pixels_roll_and_leave_background(images, right, down):
    moved = transforms.translate(images, SIDE, right, down, background=EMPTY)
    rows, columns = torch.arange(SIDE) - down, torch.arange(SIDE) - right
    inside = ((rows >= 0) & (rows < SIDE))[:, None] & (columns >= 0) & (columns < SIDE)
    rolled = square(images).roll((down, right), (1, 2))
    expected = torch.where(inside, rolled, torch.tensor(EMPTY))
    torch.testing.assert_close(square(moved), expected, atol=1e-5, rtol=0)


def test_half_a_pixel_is_the_mean_of_two(images):
    moved = square(transforms.translate(images, SIDE, 0.5, background=EMPTY))
    expected = (square(images)[:, :, 1:] + square(images)[:, :, :-1]) / 2
    torch.testing.assert_close(moved[:, :, 1:], expected, atol=1e-5, rtol=0)


def test_scale_enlarges_about_the_centre():
    side, x = 5, torch.zeros(1, 25)
    x[0, 12] = 1  # the centre
    large = square(transforms.scale(x, side, 2, background=0), side)
    expected = torch.tensor([0.0, 0.5, 1, 0.5, 0])
    torch.testing.assert_close(large[0], expected[:, None] * expected, atol=1e-6, rtol=0)
    assert square(transforms.scale(x, side, 0.5, background=0), side)[0, 2, 2] == pytest.approx(1)


PAIRS = [
    (transforms.rotate, 25, -25),
    (transforms.scale, 1.3, 1 / 1.3),
    (transforms.translate, 2.4, -2.4),
]


@pytest.mark.parametrize(("transform", "there", "back"), PAIRS)
def test_a_shift_and_its_inverse_restore_a_smooth_image(transform, there, back):
    x = blob()
    away = transform(x, 41, there, background=EMPTY)
    again = transform(away, 41, back, background=EMPTY)
    assert (away - x).abs().max() > 0.2
    torch.testing.assert_close(again, x, atol=0.05, rtol=0)


def test_what_comes_from_outside_is_background():
    full = torch.ones(2, SIDE * SIDE)
    for shifted in (
        transforms.rotate(full, SIDE, 45, background=EMPTY),
        transforms.scale(full, SIDE, 0.4, background=EMPTY),
        transforms.translate(full, SIDE, 2, 2, background=EMPTY),
    ):
        torch.testing.assert_close(shifted[:, 0], torch.full((2,), EMPTY))
        assert shifted.min() >= EMPTY - 1e-6
        assert shifted.max() <= 1 + 1e-6


def test_each_image_may_have_its_own_amount(images):
    degrees = torch.linspace(-40, 40, len(images))
    together = transforms.rotate(images, SIDE, degrees, background=EMPTY)
    for i, angle in enumerate(degrees.tolist()):
        alone = transforms.rotate(images[i : i + 1], SIDE, angle, background=EMPTY)
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=0)


def test_the_mnist_frame_holds_a_box_of_20_with_its_mass_in_the_middle():
    x = torch.zeros(2, 16, 16)
    x[0, :, 4:9] = 1  # as tall as the image, left of the middle
    x[1, 2:6, :] = 3
    framed = square(transforms.mnist_frame(x.flatten(1), 16, background=0), 28)
    at = torch.arange(28.0)
    for axis in (1, 2):
        centre = (framed.sum(axis) * at).sum(1) / framed.sum((1, 2))
        torch.testing.assert_close(centre, torch.full((2,), 14.0), atol=0.05, rtol=0)
    # An edge may lie within a pixel: lengths are sums of shares of the brightest row.
    rows, columns = framed.sum(2), framed.sum(1)
    lengths = [(rows / rows.amax(1, keepdim=True)).sum(1) for rows in (rows, columns)]
    assert lengths[0].tolist() == pytest.approx([20, 5], abs=0.3)
    assert lengths[1].tolist() == pytest.approx([6.25, 20], abs=0.3)


BAD = [
    (lambda x: transforms.rotate(x, SIDE + 1, 3, background=0), ValueError, r"x must be \[n, 64\]"),
    (lambda x: transforms.rotate(x[0], SIDE, 3, background=0), ValueError, "x must be"),
    (lambda x: transforms.rotate(x.long(), SIDE, 3, background=0), TypeError, "x must be a float"),
    (lambda x: transforms.rotate(x, 7.0, 3, background=0), TypeError, "side"),
    (lambda x: transforms.rotate(x, SIDE, "30", background=0), TypeError, "degrees"),
    (lambda x: transforms.rotate(x, SIDE, float("nan"), background=0), ValueError, "degrees"),
    (lambda x: transforms.rotate(x, SIDE, torch.ones(2), background=0), ValueError, "degrees"),
    (lambda x: transforms.scale(x, SIDE, 0, background=0), ValueError, "factor must be above 0"),
    (lambda x: transforms.scale(x, SIDE, -torch.ones(6), background=0), ValueError, "factor"),
    (lambda x: transforms.translate(x, SIDE, 1, float("inf"), background=0), ValueError, "down"),
    (lambda x: transforms.translate(x, SIDE, 1, background="black"), TypeError, "background"),
    (lambda x: transforms.mnist_frame(0 * x, SIDE, background=0), ValueError, "ink"),
]


@pytest.mark.parametrize(("call", "kind", "words"), BAD)
def test_bad_input_is_named(images, call, kind, words):
    with pytest.raises(kind, match=words):
        call(images)


TINY = {
    "networks": 4,
    "noise_steps": 6,
    "steps": 8,
    "records": 3,
    "degrees": (10, 90),
    "factors": (0.8,),
    "pixels": (1, 2),
    "every": 3,
}


@pytest.fixture(scope="module")
def config():
    return dataclasses.replace(experiment.Config.quick(), **TINY)


@pytest.fixture(scope="module")
def table(config):
    return experiment.run(config, progress=False)


def test_the_table_holds_every_condition_and_shift(config, table):
    assert set(table.columns) == {"condition", "step", "network", "metric", "value"}
    assert not table.duplicated(["condition", "step", "network", "metric"]).any()
    assert set(table["condition"]) == set(experiment.conditions(config))
    shifts = {"rotate 10", "rotate 90", "scale 0.8", "translate 1", "translate 2"}
    followed = {"accuracy", "rotate", "scale", "translate"}
    assert set(table["metric"]) == followed | shifts
    for metric, rows in table.groupby("metric"):
        assert set(rows["step"]) == ({0, 8} if metric in followed else {8}), metric
    assert set(table["network"]) == set(range(config.networks))
    assert table["value"].notna().all()


def test_pairs_start_equal_and_noise_changes_the_start(table):
    first = {name: curve(table, name, "rotate").iloc[0] for name in MAIN}
    pd.testing.assert_series_equal(first["FA"], first["BP"])
    assert not first["FA"].equals(first["noise then FA"])


def test_the_same_config_gives_the_same_table(config, table):
    starts._states.cache_clear()
    again = experiment.parts(config)["noise then FA"]()
    rows = table[table["condition"] == "noise then FA"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        rows[again.columns], again.reset_index(drop=True), check_dtype=False
    )


def test_accuracy_on_shifted_images_is_the_trained_networks(config, table):
    net, rows = experiment.train(config, "BP")
    digits = fa.data.load("digits")
    x, y = digits.test_x[::3], digits.test_y[::3]
    empty = -digits.mean / digits.std
    sign = torch.tensor([1.0, -1.0]).repeat(len(x))[: len(x)]
    turned = transforms.rotate(x, 8, 90 * sign, background=empty)
    with torch.no_grad():
        expected = fa.metrics.accuracy(net(turned), y)
    assert curve(rows, "BP", "rotate 90").iloc[-1].tolist() == pytest.approx(expected.tolist())
    alone = [curve(rows, "BP", metric).iloc[-1] for metric in ("rotate 10", "rotate 90")]
    mean = curve(rows, "BP", "rotate").iloc[-1]
    assert mean.tolist() == pytest.approx((sum(alone) / 2).tolist())
    pd.testing.assert_frame_equal(curve(rows, "BP", "rotate"), curve(table, "BP", "rotate"))


def test_translations_go_in_four_directions_and_turns_in_two():
    x = torch.zeros(4, 25)
    x[:, 12] = 1
    moved = square(conditions.shifted(x, 5, "translate", 1, 0), 5)
    places = [(int(i) // 5, int(i) % 5) for i in moved.flatten(1).argmax(1)]
    assert places == [(2, 3), (3, 2), (2, 1), (1, 2)]
    x = torch.zeros(2, 25)
    x[:, 2] = 1  # the middle of the upper edge
    turned = square(conditions.shifted(x, 5, "rotate", 90, 0), 5)
    assert turned[0, 2, 0] == pytest.approx(1)
    assert turned[1, 2, 4] == pytest.approx(1)


def test_usps_comes_in_the_frame_and_units_of_the_training_data(config, monkeypatch):
    digits = fa.data.load("digits")
    x = torch.zeros(10, 256)
    x[:, 100:104] = 1
    other = dataclasses.replace(digits, test_x=x, test_y=torch.arange(10), shape=(1, 16, 16))
    monkeypatch.setattr(fa.data, "load", lambda name: other)
    config = dataclasses.replace(config, other_data="other")
    assert conditions.families(config)["other"] == ["other"]
    found, labels = conditions.shifted_tests(config, digits)["other"]
    framed = transforms.mnist_frame(x * digits.std + digits.mean, 16, background=0)
    torch.testing.assert_close(found * digits.std + digits.mean, framed, atol=1e-4, rtol=1e-4)
    assert torch.equal(labels, torch.arange(10))


STEPS = [0, 10, 20, 30]


def rows(condition, metric, columns):
    return pd.DataFrame(
        [
            (condition, step, network, metric, value)
            for network, values in enumerate(columns)
            for step, value in zip(STEPS, values, strict=True)
        ],
        columns=["condition", "step", "network", "metric", "value"],
    )


OFFSETS = {"rotate": 0.1, "scale": 0.0, "translate": 0.2}
NOISY, FA = "noise then FA", "FA"


@pytest.fixture
def by_hand():
    """FA follows OOD = plain / 2; noise then FA the same curve, but higher, and further on."""
    plain = {
        FA: [[0.1, 0.4, 0.6, 0.8], [0.1, 0.2, 0.6, 0.7], [0.1, 0.3, 0.8, 0.7]],
        NOISY: [[0.1, 0.6, 0.8, 0.9], [0.1, 0.5, 0.8, 1.0], [0.1, 0.5, 0.7, 0.9]],
    }
    plain |= {"BP": plain[FA], "noise then BP": plain[NOISY], QUIET: plain[FA]}
    frames = []
    for name, columns in plain.items():
        frames.append(rows(name, "accuracy", columns))
        for family, offset in OFFSETS.items():
            offset *= name.startswith("noise")
            frames.append(rows(name, family, [[a / 2 + offset for a in c] for c in columns]))
    return pd.concat(frames)


def test_at_equal_accuracy_only_the_distance_of_the_curves_counts(by_hand):
    assert claims.shared_accuracy(by_hand, NOISY, FA).tolist() == [0.8, 0.7, 0.8]
    for family, expected in {**OFFSETS, claims.ALL_SHIFTS: 0.1}.items():
        found = claims.matched_gain(by_hand, family, NOISY, FA)
        assert found.tolist() == pytest.approx([expected] * 3)
    at_the_end = claims.last_gain(by_hand, "rotate", NOISY, FA)
    assert at_the_end.tolist() == pytest.approx([0.15, 0.25, 0.2])


def test_each_claim_reads_the_gain_that_its_words_name(by_hand):
    found = {f.key: f for f in experiment.claims(experiment.Config.quick(), by_hand)}
    points = {
        **{"more-robust": 20, "translated": 30, "scaled": 10, "rotated": 20, "bp-gains-too": 20},
        **{"matched-shifts": 10, "matched-quiet": 10, "matched-near-bp": 10},
        **{"more-robust-than-quiet": 20, "part-is-accuracy": 10},
    }
    assert {key: finding.estimate for key, finding in found.items()} == pytest.approx(points)
    assert [f.key for f in found.values() if f.primary] == ["more-robust"]
    paper = {key: f.paper for key, f in found.items() if f.paper.startswith("Fig.")}
    assert paper == dict.fromkeys(("more-robust", "translated", "scaled", "rotated"), "Fig. 5b")


@pytest.mark.parametrize(("below", "verdict"), [(0.005, "supported"), (0.02, "contradicted")])
def test_near_bp_is_judged_by_its_margin_of_one_point(by_hand, below, verdict):
    noisy = by_hand["condition"] == NOISY
    bp = by_hand[noisy].assign(condition="BP")
    bp["value"] += below * (bp["metric"] != "accuracy")
    table = pd.concat([by_hand[by_hand["condition"] != "BP"], bp])
    found = {f.key: f for f in experiment.claims(experiment.Config.quick(), table)}
    assert found["matched-near-bp"].estimate == pytest.approx(-100 * below)
    assert found["matched-near-bp"].verdict == verdict


def test_usps_has_its_claims_where_it_is_tested_on(by_hand):
    usps = by_hand[by_hand["metric"] == "scale"].assign(metric="usps")
    config = dataclasses.replace(experiment.Config.quick(), other_data="usps")
    found = {f.key: f for f in experiment.claims(config, pd.concat([by_hand, usps]))}
    assert found["usps"].paper == "Fig. 5c"
    assert found["usps"].estimate == pytest.approx(10)
    assert found["matched-usps"].estimate == pytest.approx(0)
    assert len(found) == 12


def test_curves_over_accuracy_end_where_the_weakest_network_ends(by_hand):
    curves = claims.accuracy_curves(experiment.Config.quick(), by_hand)["rotate"]
    for name, distance, end in (("FA", 0, 0.7), ("noise then BP", 0.1, 0.9)):
        values = curves[name]
        assert values.index[0] == pytest.approx(0.5)
        assert values.index[-1] == pytest.approx(end)
        for level, networks in values.iterrows():
            assert networks.tolist() == pytest.approx([level / 2 + distance] * 3)


def test_a_value_is_read_where_the_level_is_first_reached():
    progress = pd.DataFrame({0: [0.1, 0.5, 0.9, 0.6], 1: [0.7, 0.8, 0.9, 0.9]}, index=STEPS)
    values = pd.DataFrame({0: [0.0, 1.0, 3.0, 9.0], 1: [4.0, 5.0, 6.0, 7.0]}, index=STEPS)
    found = where_reached(values, progress, pd.Series({0: 0.6, 1: 0.5}))
    assert found.tolist() == pytest.approx([1.5, 4.0])
    with pytest.raises(ValueError, match=r"network 1 never reaches 0.95"):
        where_reached(values, progress, pd.Series({0: 0.9, 1: 0.95}))


def test_findings_and_summary_follow_from_the_table(config, table):
    found = experiment.claims(config, table)
    assert len({finding.claim for finding in found}) == len(found)
    assert all(finding.n == config.networks for finding in found)
    summary = claims.summary(config, table)
    assert summary.notna().all(axis=None)
    ends = {f.key: f.estimate for f in found}
    gains = summary["noise gives FA, points"]
    assert gains.loc["translate", "at the last step"] == pytest.approx(ends["translated"])
    assert gains.loc[claims.ALL_SHIFTS].tolist() == pytest.approx(
        [ends["more-robust"], ends["matched-shifts"]]
    )
    at_the_end = claims.gains_at_the_end(config, table)["noise then FA"]
    assert at_the_end["translate"].mean() == pytest.approx(ends["translated"])
    drawn = claims.noise_gains(config, table)["at equal accuracy"]
    assert drawn["translate"].mean() == pytest.approx(gains.loc["translate", "at equal accuracy"])


def test_curves_begin_with_images_that_are_not_shifted(config, table):
    for family, curves in claims.severity_curves(config, table).items():
        for name, values in curves.items():
            unmoved = values.loc[conditions.UNMOVED[family]]
            assert unmoved.tolist() == curve(table, name, "accuracy").iloc[-1].tolist()
            assert len(values) == len(conditions.severities(config)[family]) + 1
