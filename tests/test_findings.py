"""Finding: the verdict that follows from the interval, and its shapes for people and programs."""

import json
import math
from dataclasses import replace

import html5lib
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from fa_core.results import samples
from fa_core.results.findings import MIME_TYPE, Finding, Findings
from fa_core.show import style

INF = math.inf


def finding(low=1.0, high=3.0, expected=(0.0, INF), claim="It falls.", key=""):
    return Finding(claim, (low + high) / 2, "degrees", low, high, 8, expected, 0.01, key)


@pytest.mark.parametrize(
    "expected, verdict",
    [
        ((0, INF), "supported"),
        ((-INF, 4), "supported"),
        ((0, 4), "supported"),
        ((4, INF), "contradicted"),
        ((-INF, 0), "contradicted"),
        ((4, 5), "contradicted"),
        ((2, INF), "undecided"),
        ((-INF, 2), "undecided"),
        ((0, 2), "undecided"),
        ((1.5, 2.5), "undecided"),
        ((1, INF), "undecided"),  # touching is not clear of the bound
        ((-INF, 3), "undecided"),
        ((3, INF), "undecided"),
        ((-INF, 1), "undecided"),
    ],
)
def test_the_verdict_follows_from_the_interval_1_to_3(expected, verdict):
    assert finding(expected=expected).verdict == verdict


DRAWS = {
    "normal": (lambda rng, size: rng.normal(5, 2, size), 5),
    "exponential": (lambda rng, size: rng.exponential(1, size), 1),
}


@pytest.mark.parametrize("n", [3, 8, 20])
@pytest.mark.parametrize("shape", DRAWS)
def test_the_interval_covers_the_mean_as_often_as_it_says(shape, n):
    draw, mean = DRAWS[shape]
    _, low, high = samples.interval(draw(np.random.default_rng(0), (4000, n)))
    covered = np.mean((low < mean) & (mean < high))
    print(f"coverage of the 95 % interval, {shape} values, n = {n}: {covered:.3f}")
    if shape == "normal":  # skewed values are covered less often; that is printed, not promised
        assert covered >= 0.93


@pytest.mark.parametrize(
    "treated, words",
    [
        ([4.0, 5.0, 6.0], "higher by 4 (1.52 to 6.48)"),
        ([-4.0, -5.0, -6.0], "lower by 6 (3.52 to 8.48)"),
        ([0.0, 1.0, 2.0], "not told apart"),
    ],
)
def test_a_comparison_in_words_has_the_way_and_the_size_of_the_difference(treated, words):
    assert samples.compared(treated, [1.0, 1.0, 1.0]) == words


def test_figures_and_findings_use_one_interval():
    values = np.random.default_rng(0).exponential(size=8)
    found = Finding.of_mean("c", values, "u", above=0)
    drawn = [float(end[0]) for end in style.interval(values)]
    assert drawn == [found.estimate, found.low, found.high]


BOUNDS = [(0, INF), (-INF, 0), (-0.5, 0.5), (0.3, 0.6)]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-2, 2), min_size=3, max_size=9), st.sampled_from(BOUNDS))
def test_the_p_value_and_the_verdict_say_the_same(values, bounds):
    found = Finding.of_mean("c", values, "u", above=bounds[0], below=bounds[1])
    if abs(found.p - 0.05) > 1e-6:  # else rounding decides
        assert (found.p < 0.05) == (found.verdict != "undecided")


def test_the_p_value_is_that_of_the_t_test():
    values = np.random.default_rng(2).normal(0.4, 1, 12)
    test = stats.ttest_1samp(values, 0)
    for bounds in ({"above": 0}, {"below": 0}):
        assert Finding.of_mean("c", values, "u", **bounds).p == pytest.approx(test.pvalue)
    within = Finding.of_mean("c", values, "u", above=-1, below=2)
    both = [stats.ttest_1samp(values, bound).pvalue for bound in (-1, 2)]
    assert within.p == pytest.approx(max(both))


def test_whose_claim_it_is_and_what_the_number_bounds_stand_in_the_row():
    values = [1.0, 2.0, 3.0]
    cells = Finding.of_mean("It falls.", values, "u", above=0).cells()
    assert cells[0] == "It falls. (ours)" and cells[2] == "2 u"
    options = {"paper": "Fig. 2b", "primary": True, "bound": "at most"}
    found = Finding.of_mean("It falls.", values, "u", above=0, **options)
    assert found.cells()[0] == "It falls. (paper, Fig. 2b, primary)"
    assert found.cells()[2] == "≤ 2 u"
    assert Finding.from_row(json.loads(json.dumps(found.as_row()))) == found


def test_a_verdict_that_holm_takes_away_is_marked():
    found = Finding.of_mean("c", [1.0, 2.0, 3.0, 2.0], "u", above=0)
    marked = [replace(found, holm=survives).cells()[-1] for survives in (None, True, False)]
    assert marked == ["✓ supported", "✓ supported", "✓ supported, but not after Holm"]
    undecided = Finding.of_mean("c", [-1.0, 2.0, 3.0, 2.0], "u", above=0)
    assert replace(undecided, holm=False).cells()[-1] == "? undecided"


def test_the_interval_is_the_same_at_every_call_and_narrower_with_more_networks():
    values = np.random.default_rng(1).normal(size=40)
    first, again = (Finding.of_mean("c", values[:10], "u", above=0) for _ in range(2))
    assert first == again and first.n == 10
    more = Finding.of_mean("c", values, "u", above=0)
    assert more.high - more.low < first.high - first.low


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=8))
@example([1.0, 1.0, 1.0 + 2.3e-16])  # a spread at the edge of what a float can hold
@example([0.0, 0.0, 1e-300])
def test_every_sample_has_an_interval_around_its_mean(values):
    found = Finding.of_mean("c", values, "u", above=0)
    assert found.low <= found.estimate <= found.high
    assert math.isfinite(found.high - found.low) and 0 <= found.p <= 1


def test_a_constant_sample_has_an_interval_of_no_width():
    found = Finding.of_mean("c", [2.0] * 5, "u", above=1, below=3)
    assert (found.low, found.high, found.verdict) == (2, 2, "supported")


def test_differences_are_paired_by_network():
    control = np.arange(10) * 100.0
    treated = control - 3 + 0.1 * np.sin(np.arange(10))
    found = Finding.of_difference("c", treated, control, "steps", below=0)
    assert found.verdict == "supported" and found.estimate == pytest.approx(-3, abs=0.1)
    assert found.high - found.low < 0.2
    with pytest.raises(ValueError, match=r"treated and control must pair.*\(10,\) and \(9,\)"):
        Finding.of_difference("c", treated, control[1:], "steps", below=0)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0],
        [[1.0, 2.0, 3.0]],
        [1.0, np.nan, 2.0],
        [1.0, 2.0, INF],
        1.0,
        [],
        np.ma.masked_equal([1.0, 2.0, 3.0], 2.0),
    ],
)
def test_values_that_are_no_sample_are_refused(values):
    with pytest.raises((ValueError, TypeError), match="values must "):
        Finding.of_mean("c", values, "u", above=0)


@pytest.mark.parametrize(
    "values",
    [["1", "2", "3"], [1j, 2j, 3j], [True, False, True], "123", None, [[1], [1, 2]], [1, None, 2]],
)
def test_values_that_are_no_real_numbers_are_refused(values):
    with pytest.raises(TypeError, match="values must be"):
        Finding.of_mean("c", values, "u", above=0)
    for treated, control, name in ((values, [1, 2, 3], "treated"), ([1, 2, 3], values, "control")):
        with pytest.raises(TypeError, match=f"{name} must be"):
            Finding.of_difference("c", treated, control, "u", above=0)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"claim": 3}, "claim must be text, got 3"),
        ({"unit": None}, "unit must be text, got None"),
        ({"key": 1}, "key must be text, got 1"),
        ({"key": "Angle falls"}, "key must be small letters.*got 'Angle falls'"),
        ({"above": "0"}, "above must be a number, got '0'"),
        ({"below": math.nan}, "below must be a number, got nan"),
        ({"above": 1j}, "above must be a number"),
    ],
)
def test_each_argument_is_named_where_it_is_wrong(wrong, message):
    right = {"claim": "c", "values": [1, 2, 3], "unit": "u", "below": 4, "key": "angle-falls"}
    assert Finding.of_mean(**right).key == "angle-falls"
    with pytest.raises((TypeError, ValueError), match=message):
        Finding.of_mean(**(right | wrong))


def test_a_key_stands_for_one_claim():
    one, two = finding(key="falls"), finding(key="rises")
    assert [found.key for found in Findings([one, two, finding(), finding()])] == [
        "falls",
        "rises",
        "",
        "",
    ]
    with pytest.raises(ValueError, match="each key once, got twice: falls"):
        Findings([one, two, one])
    found = Finding.of_difference("c", [2, 3, 4], [1, 1, 1], "u", above=0, key="k")
    assert Finding.from_row(found.as_row()).key == found.key == "k"


@pytest.mark.parametrize("wrong", ["text", 3, [1], None])
def test_findings_of_anything_else_are_refused(wrong):
    with pytest.raises(TypeError, match="findings must"):
        Findings(wrong)


def test_a_row_of_other_fields_is_refused():
    row = finding().as_row()
    with pytest.raises(ValueError, match="row must be what as_row gives, got the fields claim, "):
        Finding.from_row({**row, "more": 1})
    del row["unit"]
    with pytest.raises(ValueError, match="row must be"):
        Finding.from_row(row)


@pytest.mark.parametrize("bounds", [{}, {"above": 2, "below": 1}, {"above": 1, "below": 1}])
def test_bounds_that_expect_nothing_are_refused(bounds):
    with pytest.raises(ValueError, match="above must be smaller than below"):
        Finding.of_mean("c", [1, 2, 3], "u", **bounds)


@pytest.mark.parametrize(
    "expected, words",
    [((0, INF), "expected above 0"), ((-INF, 4), "expected below 4"), ((-1, 4), "−1 to 4")],
)
def test_as_text_names_all_that_was_measured(expected, words):
    text = str(finding(expected=expected))
    for part in ("✓ supported", "It falls.", "2 degrees", "1 to 3", "n = 8", words):
        assert part in text


@pytest.mark.parametrize(
    "number, words",
    [(2500.4, "2,500"), (-12345, "−12,300"), (999.4, "999"), (999.6, "1,000"), (0.01234, "0.0123")],
)
def test_a_number_has_three_digits_and_thousands_set_apart(number, words):
    found = Finding("c", number, "steps", 0, 1, 8, (0.0, INF), 0.01, bound="at least")
    assert found.cells()[2] == f"≥ {words} steps"


def rows(page):
    """The tables of a page: verdict and cells of each row, as a reader sees them."""
    tree = html5lib.parseFragment(page, namespaceHTMLElements=False)
    told = []
    for table in tree.iter("table"):
        lines = table.findall("tbody/tr")
        told.append([["".join(cell.itertext()) for cell in line.iter("td")] for line in lines])
    return told


def test_as_html_the_verdict_stands_first_and_the_number_out():
    page = Findings([finding(claim="W & <i>B</i>"), finding(expected=(4, INF))]).to_html()
    first, second = rows(page)[0]
    measured = "2 degrees (1 to 3), n\u00a0=\u00a08"
    assert first == ["✓ supported", "W & <i>B</i> (ours)", measured, "above 0"]
    assert second[0] == "✗ contradicted"
    assert page.count("<b>2</b>") == 2
    assert len(rows(finding()._repr_html_())[0]) == 1


def test_below_the_primary_finding_only_what_contradicts_stays_in_sight():
    plain = [finding(claim=name) for name in "ab"]
    wrong, main = finding(claim="c", expected=(4, INF)), replace(finding(claim="d"), primary=True)
    page = Findings([*plain, wrong, main]).to_html()
    shown, folded = ([row[1][0] for row in table] for table in rows(page))
    assert (shown, folded) == (["d", "c"], ["a", "b"])
    assert "<details>\n<summary>2 more: 2 supported</summary>" in page
    (whole,) = rows(Findings([*plain, wrong]).to_html())
    assert [row[1][0] for row in whole] == ["a", "b", "c"]  # nothing is primary: nothing folds
    (whole,) = rows(Findings([wrong, main]).to_html())
    assert [row[1][0] for row in whole] == ["d", "c"]


def test_as_data_it_survives_strict_json():
    findings = Findings([finding(), finding(expected=(-INF, 0))])
    bundle = findings._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", MIME_TYPE}
    rows = json.loads(json.dumps(bundle, allow_nan=False))[MIME_TYPE]
    assert [row["verdict"] for row in rows] == ["supported", "contradicted"]
    assert [row["expected"] for row in rows] == [[0.0, None], [None, 0.0]]
    assert bundle["text/plain"].splitlines() == [str(f) for f in findings]


def test_measured_findings_are_plain_numbers():
    row = Finding.of_mean("c", np.array([1, 2, 4], dtype=np.float32), "u", above=0).as_row()
    assert json.loads(json.dumps(row, allow_nan=False))["n"] == 3
