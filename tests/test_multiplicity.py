"""Holm's correction over all claims of the book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fa_core.results.multiplicity import holm, paper_scale


@pytest.mark.parametrize(
    "p, falls",
    [
        ([], []),
        ([0.05], [True]),
        ([0.03, 0.03], [False, False]),
        ([0.025, 0.05], [True, True]),
        ([0.9, 0.001, 0.02], [False, True, True]),
        ([0.02, 0.04, 0.001, 0.03], [False, False, True, False]),  # a later one cannot pass again
    ],
)
def test_holm_steps_down_until_one_stands(p, falls):
    assert holm(p) == falls


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_lies_between_bonferroni_and_no_correction(p):
    for value, falls in zip(p, holm(p), strict=True):
        assert falls or value > 0.05 / len(p)
        assert not falls or value <= 0.05


def test_every_finding_at_paper_scale_knows_whether_it_survives():
    found = [finding for findings in paper_scale().values() for finding in findings]
    assert found and all(finding.holm is not None for finding in found)
    p = [finding.p for finding in found]
    assert [finding.holm for finding in found] == holm(p)
