"""Reading tidy tables and drawing them: what is asked for and is not there is named."""

import pandas as pd
import pytest
from doubles import table

from fa_core.results.tables import at, curve, last, spectra, steps_to, where_reached
from fa_core.show import style

TABLE = pd.concat([table("FA"), table("BP").query("metric == 'loss'")])
NUMBERS = pd.DataFrame({0: [0.0, 1.0], 1: [0.0, 2.0]}, index=[0, 10])


def test_a_metric_that_a_condition_lacks_is_named_with_those_it_has():
    """Both names are in the table, but not together."""
    for read in (curve, last, lambda *of: at(*of, 0), lambda t, c, m: steps_to(t, c, 1.0, m)):
        with pytest.raises(KeyError, match="metric must be one of loss; got 'accuracy'"):
            read(TABLE, "BP", "accuracy")


CALLS = {
    "condition": (lambda: last(TABLE, "XX"), KeyError, "condition must be one of FA, BP; got 'XX'"),
    "metric": (lambda: last(TABLE, "FA", "x"), KeyError, "one of loss, accuracy; got 'x'"),
    "step": (lambda: at(TABLE, "FA", "loss", 5), KeyError, r"one of \[0, 10, 20\]; got 5"),
    "spectra": (lambda: spectra(TABLE, "FA", 2), KeyError, "layer must be .*'FA' holds; got 2"),
    "no table": (lambda: curve([1], "FA", "loss"), TypeError, "DataFrame, got list"),
    "column": (
        lambda: curve(TABLE.drop(columns="step"), "FA", "loss"),
        ValueError,
        r"it lacks \['step'\]",
    ),
    "level": (lambda: steps_to(TABLE, "FA", "high"), TypeError, "level must be a number"),
    "steps": (
        lambda: where_reached(NUMBERS, NUMBERS.iloc[:1], pd.Series({0: 1.0})),
        ValueError,
        r"same steps, got \[0, 10\] and \[0\]",
    ),
    "networks": (
        lambda: where_reached(NUMBERS, NUMBERS, pd.Series({7: 1.0})),
        ValueError,
        r"values must have each network of level, it lacks \[7\]",
    ),
    "panels": (lambda: style.figure(0).__enter__(), ValueError, "panels must be at least 1"),
    "height": (lambda: style.figure(1, -1).__enter__(), ValueError, "height must be a finite"),
    "values": (lambda: style.interval(["a"]), TypeError, "values must be real numbers"),
    "curves": (
        lambda: style.curves({}, xlabel="x", ylabel="y", level=(1, "one")),
        TypeError,
        "panels must be a mapping",
    ),
    "curves' table": (
        lambda: style.curves({"a": {"b": [1]}}, xlabel="x", ylabel="y", level=(1, "one")),
        TypeError,
        r"panels\['a'\]\['b'\] must be a DataFrame, got \[1\]",
    ),
    "curves' level": (
        lambda: style.curves({"a": {"b": NUMBERS}}, xlabel="x", ylabel="y", level=1),
        TypeError,
        "level must be a pair of a number and its text, got 1",
    ),
    "samples": (
        lambda: style.estimates({}, title="t", xlabel="x", level=(1, "one")),
        TypeError,
        "samples must map",
    ),
}


@pytest.mark.parametrize("call, error, message", CALLS.values(), ids=CALLS)
def test_what_is_wrong_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
