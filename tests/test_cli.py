"""The command line: what it computes, stores, prints, and refuses."""

import dataclasses

import pytest
import torch

from fa_core import cli, doctor
from fa_core.experiments import alignment
from fa_core.results import provenance
from fa_core.results.store import Store

TINY = {"steps": 20, "long_steps": 20, "records": 2, "widths": (), "rates": ()}


@pytest.fixture
def tiny(monkeypatch):
    """The quick profile of chapter 1, cut down."""
    quick = dataclasses.replace(alignment.Config.quick(), **TINY)
    monkeypatch.setattr(alignment.Config, "quick", lambda: quick)
    monkeypatch.setattr(provenance, "commit", lambda: None)
    return quick


def test_run_stores_the_table_and_says_where(tiny, tmp_path, capsys):
    arguments = ["run", "alignment", "--networks", "3", "--store", str(tmp_path / "here")]
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    (path,) = (tmp_path / "here").iterdir()
    assert lines[-1] == f"table: {path}"
    assert lines[0].startswith("alignment 1/10: FA: computed, ")
    assert any("supported" in line or "contradicted" in line for line in lines)
    assert cli.main(arguments) == 0
    assert "computed" not in capsys.readouterr().out


def test_the_table_equals_what_the_experiment_returns(tiny, tmp_path, capsys):
    cli.main(["run", "alignment", "--store", str(tmp_path)])
    stored = Store(tmp_path).load("alignment", tiny).table
    table = alignment.run(tiny, progress=False)
    keys = ["condition", "metric", "step", "network"]
    both = stored.merge(table, on=keys, suffixes=("", "_again"), validate="one_to_one")
    assert len(both) == len(stored) == len(table)
    assert both["value"].to_numpy() == pytest.approx(both["value_again"].to_numpy(), rel=6e-4)


def test_other_tables_of_the_experiment_go_only_when_asked_to(tiny, tmp_path, capsys):
    arguments = ["run", "alignment", "--store", str(tmp_path), "--networks"]
    for networks in ("3", "4"):
        assert cli.main([*arguments, networks]) == 0
    (tmp_path / "other-0.csv").touch()
    assert len(list(tmp_path.iterdir())) == 3
    capsys.readouterr()
    assert cli.main([*arguments, "4", "--replace"]) == 0
    out = capsys.readouterr().out
    (kept,) = tmp_path.glob("alignment-*")
    assert Store(tmp_path).load("alignment", dataclasses.replace(tiny, networks=4)).path == kept
    assert out.count("removed, of other code or another configuration: ") == 1
    assert (tmp_path / "other-0.csv").exists()


def test_all_runs_every_experiment(monkeypatch):
    ran = []
    monkeypatch.setattr(cli, "_run", lambda name, options: ran.append((name, options.profile)))
    assert cli.main(["run", "all", "--profile", "paper"]) == 0
    assert ran == [(name, "paper") for name in cli.names()]
    assert len(ran) > 2


def test_every_experiment_has_both_profiles_parts_and_findings():
    for name in cli.names():
        module = cli.experiment(name)
        for profile in cli.PROFILES:
            assert module.parts(getattr(module.Config, profile)(), "cpu")
        assert callable(module.findings)


def test_missing_data_is_one_clear_line_and_no_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FA_CORE_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr("fa_core.experiments.shared.data.load", _no_data)
    store = ["--store", str(tmp_path)]
    assert cli.main(["run", "learning_speed", "--profile", "paper", *store]) == 1
    assert capsys.readouterr().err == "fa-core: no such set\n"


def _no_data(*_):
    raise cli.DataNotFoundError("no such set")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "required: command"),
        (["run", "nothing"], "invalid choice: 'nothing'"),
        (["run", "alignment", "--networks", "2"], "at least 3 networks"),
        (["run", "alignment", "--networks", "few"], "got 'few'"),
        (["run", "alignment", "--device", "abacus"], "no device is called 'abacus'"),
        (["run", "alignment", "--device", "mps"], "only cpu and cuda"),
        (["run", "alignment", "--profile", "huge"], "invalid choice: 'huge'"),
    ],
)
def test_bad_arguments_are_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_help_lists_experiments_and_options(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for word in ("alignment", "learning_speed", "--profile", "--device", "--networks", "--store"):
        assert word in text


def test_the_doctor_offers_no_device_without_float64(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert "mps" not in doctor.report()
