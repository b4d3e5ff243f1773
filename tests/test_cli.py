"""The command line: what it computes, stores, prints, and refuses."""

import io
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from doubles import Config, Double, table

from fa_core import cli, doctor, experiments
from fa_core.data import DataNotFoundError
from fa_core.results import provenance
from fa_core.results.findings import Finding, Findings
from fa_core.results.store import Store

FALLS = [-1.9, -2.0, -2.1]
CLAIMS = Findings([Finding.of_mean("W₂ falls.", FALLS, "degrees", below=0, key="falls")])


@pytest.fixture
def known(monkeypatch):
    """Two experiments that train nothing, in place of the book's; says which parts ran."""
    done = []

    def part(name):
        def compute():
            done.append(name)
            return table(name)

        return compute

    both = {
        name: Double(name, parts={"FA": part("FA"), "BP": part("BP")}, claims=lambda *_: CLAIMS)
        for name in ("one", "two")
    }
    monkeypatch.setattr(experiments, "every", lambda: list(both.values()))
    monkeypatch.setattr(provenance, "commit", lambda: None)
    return done


def test_run_stores_the_table_and_says_where(known, tmp_path, capsys):
    arguments = ["run", "one", "--networks", "3", "--store", str(tmp_path / "here")]
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    (path,) = (tmp_path / "here").iterdir()
    assert lines[-1] == f"table: {path}"
    assert lines[0].startswith("one 1/2: FA: computed, ")
    assert any("✓ supported: W₂ falls. (ours) Measured −2 degrees" in line for line in lines)
    assert cli.main(arguments) == 0
    assert "computed" not in capsys.readouterr().out
    assert known == ["FA", "BP"]


def test_all_runs_every_experiment_at_the_profile_asked_for(known, tmp_path, capsys):
    assert cli.main(["run", "all", "--profile", "paper", "--store", str(tmp_path)]) == 0
    for name in ("one", "two"):
        assert Store(tmp_path).load(experiments.get(name), Config.paper())
    assert known == ["FA", "BP"] * 2


def test_other_tables_of_the_experiment_go_only_when_asked_to(known, tmp_path, capsys):
    arguments = ["run", "one", "--store", str(tmp_path), "--networks"]
    notes = ["one-notes.txt", "one-notes.csv", "one-0123456789ab.csv", "two-0.csv"]
    for name in notes:
        (tmp_path / name).write_text("what a reader wrote")
    for networks in ("3", "4"):
        assert cli.main([*arguments, networks]) == 0
    assert len(list(tmp_path.iterdir())) == 2 + len(notes)
    old = Store(tmp_path).load(experiments.get("one"), Config()).path
    capsys.readouterr()
    assert cli.main([*arguments, "4", "--replace"]) == 0
    out = capsys.readouterr().out
    kept = Store(tmp_path).load(experiments.get("one"), Config(networks=4)).path
    assert {path.name for path in tmp_path.iterdir()} == {kept.name, *notes}
    assert out.count("removed, ") == 1
    assert f"removed, of another version or configuration: {old}" in out


def test_missing_data_is_one_clear_line_and_no_traceback(known, tmp_path, monkeypatch, capsys):
    def no_data():
        raise DataNotFoundError("no such set")

    monkeypatch.setattr(experiments, "every", lambda: [Double("one", parts={"FA": no_data})])
    assert cli.main(["run", "one", "--store", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "fa-core: no such set\n"


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nothing"])
def test_a_store_that_cannot_be_written_is_one_clear_line(known, tmp_path, capsys, place):
    (tmp_path / "file").write_text("mine")
    assert cli.main(["run", "all", "--store", str(tmp_path / place)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"fa-core: {tmp_path / place} cannot be made a folder: ")
    assert error.count("\n") == 1 and known == []


def test_the_module_is_the_command_too():
    root = Path(experiments.__file__).parents[2]
    command = [sys.executable, "-m", "fa_core.cli", "--help"]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert all(word in ended.stdout for word in ("run", "verify", "doctor"))


def test_a_full_disk_is_one_clear_line_and_leaves_the_store_intact(known, tmp_path, capsys):
    arguments = ["run", "one", "--store", str(tmp_path), "--networks"]
    cli.main([*arguments, "3"])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    capsys.readouterr()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))  # bytes of a file, as ulimit -f sets
    try:
        status = cli.main([*arguments, "4"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    error = capsys.readouterr().err
    assert status == 1
    assert "cannot be written: File too large; what was stored before is intact" in error
    assert error.startswith("fa-core: ") and error.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "utf-8"])
def test_any_console_can_show_what_was_found(known, tmp_path, monkeypatch, encoding):
    console = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", console)
    assert cli.main(["run", "one", "--store", str(tmp_path)]) == 0
    console.flush()
    out = console.buffer.getvalue().decode(encoding)
    words = {"utf-8": "✓ supported: W₂ falls. (ours) Measured −2 degrees"}
    assert words.get(encoding, "+ supported: W2 falls. (ours) Measured -2 degrees") in out


def test_verify_says_what_it_found_and_ends_with_it(monkeypatch, tmp_path, capsys):
    asked = []

    def verify(store, sample, seed, report):
        asked.append((store.folder, sample, seed))
        report("a line")
        return sample is None

    monkeypatch.setattr(cli.verify, "verify", verify)
    assert cli.main(["verify"]) == 0
    arguments = ["--store", str(tmp_path), "--sample", "3", "--seed", "5"]
    assert cli.main(["verify", *arguments]) == 1
    assert asked == [(cli.published().folder, None, None), (tmp_path, 3, 5)]
    assert capsys.readouterr().out == "a line\n" * 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "required: command"),
        (["run", "nothing"], "invalid choice: 'nothing'"),
        (["run", "alignment", "--networks", "2"], "at least 3 networks"),
        (["run", "alignment", "--networks", "few"], "got 'few'"),
        (["run", "alignment", "--device", "abacus"], "no device is called 'abacus'"),
        (["run", "alignment", "--device", "mps"], "this torch has no 'mps'; use cpu"),
        (["run", "alignment", "--device", "cuda:99"], "this torch has no 'cuda:99'; use cpu"),
        (["run", "alignment", "--device", "meta"], "this torch has no 'meta'; use cpu"),
        (["verify", "--sample", "0"], "a sample has at least 1 part, got '0'"),
        (["verify", "--seed", "-1"], "a seed is a whole number of at least 0, got '-1'"),
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


def test_help_of_verify_lists_its_options(capsys):
    with pytest.raises(SystemExit):
        cli.main(["verify", "--help"])
    text = capsys.readouterr().out
    assert all(word in text for word in ("--store", "--sample", "--seed", "standard deviations"))
