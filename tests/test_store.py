"""The store: results are found again, and damaged or interrupted ones lose nothing."""

import dataclasses
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest
from doubles import Config, Double, table

import fa_core.results.store
from fa_core.results import provenance
from fa_core.results.files import StoreError
from fa_core.results.records import describe, make_record
from fa_core.results.store import Store, at_paper_scale, published, shipped

TEST, CONFIG = Double(), Config()


def tidy(frame):
    columns = ["condition", "metric", "step", "network"]
    return frame.sort_values(columns).reset_index(drop=True)[[*columns, "value"]]


def save(store, config=CONFIG, frame=None, experiment=TEST, part=""):
    frame = table() if frame is None else frame
    return store.save(experiment, config, frame, device="cpu", seconds=1.25, part=part)


def two_parts(done, **more):
    def part(name):
        def compute():
            done.append(name)
            return table(name)

        return compute

    return Double(parts={name: part(name) for name in ("FA", "BP, 3 layers")} | more)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def test_a_saved_table_comes_back_rounded_to_four_digits(store):
    save(store)
    loaded = store.load(TEST, Config())
    expected = tidy(table())
    pd.testing.assert_frame_equal(tidy(loaded.table), expected, rtol=5e-4)
    assert loaded.table["network"].dtype == int


def test_the_record_says_how_the_table_came_about(store):
    record = save(store).record
    assert record["experiment"] == "test"
    assert record["config"] == {"networks": 3, "widths": [1, 2], "seed": 0}
    assert record["networks"] == 3
    assert record["seconds"] == 1.2
    assert record["device"].startswith("cpu")
    assert set(record["versions"]) == {"python", "fa-core", "torch", "numpy"}
    assert str(Path.home()) not in json.dumps(record)


def test_a_run_and_its_stored_table_are_described_in_the_same_words(store):
    now = describe(make_record(TEST, Config(), table(), "cpu"))
    stored = str(save(store))
    assert stored.replace("1 s of computing; ", "") == now
    assert now.startswith("test on noise; n = 3 networks; cpu (")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"data": "mnist"}, "mnist"),
        ({"tasks": ["mnist", "kmnist"]}, "mnist, kmnist"),
        ({}, "noise"),
    ],
)
def test_a_description_names_the_data(config, named):
    assert describe(make_record(TEST, config, table(), "cpu")).startswith(f"test on {named}; ")


@pytest.mark.book
def test_a_checkout_shows_its_own_tables_and_a_wheel_those_it_brought(tmp_path, monkeypatch):
    root = Path(__file__).resolve().parent.parent
    assert shipped("book/results") == published().folder == root / "book/results"
    monkeypatch.setattr(
        fa_core.results.store, "__file__", str(tmp_path / "fa_core/results/store.py")
    )
    assert shipped("book/results") == tmp_path / "fa_core/_shipped/book/results"


def test_others_are_what_a_store_wrote_of_that_experiment_and_nothing_else(store):
    old, new = save(store), save(store, Config(seed=1))
    part = save(store, Config(seed=2), part="FA")
    older = save(store, experiment=Double(version=7))
    too = save(store, experiment=Double("test-too"))
    head = new.path.read_text().partition("\n")[0]
    for name, text in {
        "test-notes.txt": "mine",
        "test-notes.csv": "a,b\n1,2\n",
        "test-0123456789ab.csv": head,  # a copy under another name
        "test-list.csv": "[]\n",
        "test-binary.csv": "\x00\x81",
        "test-empty.csv": "",
    }.items():
        (store.folder / name).write_text(text)
    (store.folder / "test-folder.csv").mkdir()
    assert store.others(new) == sorted([old.path, part.path, older.path])
    assert store.others(too) == []


@pytest.mark.parametrize("change", [{"seed": 1}, {"networks": 4}, {"widths": (1, 3)}])
def test_another_configuration_is_another_result(store, change):
    save(store)
    assert store.load(TEST, dataclasses.replace(Config(), **change)) is None


def test_another_declared_version_is_another_result_and_other_code_is_not(store, monkeypatch):
    code = save(store).record["code"]
    assert store.load(Double(version=2), Config()) is None
    monkeypatch.setattr(provenance, "code_version", lambda: "changed")
    assert store.load(TEST, Config()).record["code"] == code != "changed"


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "C:x", "x\n", "*"])
def test_an_experiment_whose_name_is_none_for_a_file_is_refused(store, name):
    for use in (store.load, lambda *of: store.save(*of, table(), device="cpu", seconds=1)):
        with pytest.raises(ValueError, match=r"experiment.name must be letters.*got"):
            use(Double(name), Config())
    assert not store.folder.exists() and not list(store.folder.parent.iterdir())


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"experiment": "../x"}, "experiment must be an Experiment.*got '../x'"),
        ({"experiment": None}, "experiment must be an Experiment"),
        ({"config": 3}, "config must be a dataclass or a mapping, got 3"),
        ({"config": Config}, "config must be a dataclass or a mapping"),
        ({"config": {"x": {1, 2}}}, "config must hold what JSON can"),
        ({"config": {"x": float("nan")}}, "config must hold what JSON can"),
        ({"part": 3}, "part must be the name of a part, got 3"),
        ({"table": [1]}, "table must be a pandas DataFrame, got list"),
        ({"table": table().drop(columns="network")}, r"columns.*it lacks \['network'\]"),
        ({"table": pd.concat([table(), table()])}, "twice there: .*'network': 0"),
        ({"table": table().astype({"value": str})}, "table: value must be numbers, got"),
        ({"table": table().astype({"network": float})}, "table: network must be integers"),
        ({"seconds": "long"}, "seconds must be a number, got 'long'"),
        ({"device": "abacus"}, "device must be"),
    ],
)
def test_what_cannot_be_saved_is_named_and_nothing_is_written(store, wrong, message):
    right = {"experiment": TEST, "config": Config(), "table": table(), "part": ""}
    with pytest.raises((TypeError, ValueError), match=message):
        store.save(**(right | {"device": "cpu", "seconds": 1.0} | wrong))
    assert not store.folder.exists()


def test_a_folder_that_is_no_path_is_refused():
    with pytest.raises(TypeError, match="folder must be a path, got 3"):
        Store(3)


def test_nothing_stored_is_none_and_no_folder_is_made(store):
    assert store.load(TEST, Config()) is None
    assert not store.folder.exists()


def test_a_published_table_comes_with_its_configuration_or_how_to_make_it(store, monkeypatch):
    monkeypatch.setattr(fa_core.results.store, "published", lambda: store)
    with pytest.raises(FileNotFoundError, match="fa-core run test --profile paper --store"):
        at_paper_scale(TEST)
    save(store, TEST.Config.paper())
    config, found = at_paper_scale(TEST)
    assert config == TEST.Config.paper()
    pd.testing.assert_frame_equal(tidy(found), tidy(table()), rtol=5e-4)


def test_a_deleted_file_is_computed_again(store):
    store.compute(two_parts([]), Config()).path.unlink()
    done = []
    store.compute(two_parts(done), Config())
    assert done == ["FA", "BP, 3 layers"]


DAMAGE = {
    "truncated": lambda data: data[: len(data) // 2],
    "truncated at a line": lambda data: data[: data.rindex(b"\n", 0, -1) + 1],
    "empty": lambda data: b"",
    "one digit changed": lambda data: data[:-3] + b"9" + data[-2:],
    "no record": lambda data: data.partition(b"\n")[2],
    "another experiment": lambda data: data.replace(b'"test"', b'"else"', 1),
    "not text": lambda data: b"\xff\xfe\x00" + data,
    "a list": lambda data: b"[]\n",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_and_computed_again(store, damage):
    path = store.compute(two_parts([]), Config()).path
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match=path.name):
        assert store.load(TEST, Config()) is None
    done = []
    with pytest.warns(UserWarning, match="damaged or foreign"):
        store.compute(two_parts(done), Config())
    assert done == ["FA", "BP, 3 layers"]
    assert path.read_bytes().partition(b"\n")[2] == whole.partition(b"\n")[2]


def test_a_damaged_part_alone_is_computed_again(store):
    done = []

    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.compute(two_parts(done, third=fail), Config())
    first, _ = sorted(store.folder.glob("*.part"), key=lambda path: path.stat().st_mtime_ns)
    first.write_bytes(first.read_bytes()[:40])
    done.clear()
    with pytest.warns(UserWarning, match=first.name):
        store.compute(two_parts(done), Config())
    assert done == ["FA"]


def test_a_computed_result_is_found_and_its_parts_are_gone(store):
    first = store.compute(two_parts([]), Config())
    done = []
    again = store.compute(two_parts(done), Config())
    assert done == []
    pd.testing.assert_frame_equal(again.table, first.table)
    assert [path.name for path in store.folder.iterdir()] == [first.path.name]


SLOW_RUN = """
import sys, time
import pandas as pd
from doubles import Double
from fa_core.results.store import Store

def part(name):
    def compute():
        time.sleep(float(sys.argv[2]))
        print(name, flush=True)
        rows = [(name, t, i, "loss", t + i) for t in (0, 1) for i in (0, 1)]
        return pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])
    return compute

parts = {name: part(name) for name in "abcdef"}
result = Store(sys.argv[1]).compute(Double(parts=parts), {"seed": 0})
print(len(result.table), result.record["sha256"])
"""


def slow_run(store, seconds):
    command = [sys.executable, "-c", textwrap.dedent(SLOW_RUN), store.folder, str(seconds)]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_run_killed_half_way_goes_on_where_it_stopped(store):
    killed = slow_run(store, 0.2)
    while len(list(store.folder.glob("*.part"))) < 2:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    kept = len(list(store.folder.glob("*.part")))
    output, _ = slow_run(store, 0).communicate()
    *computed, end = output.split("\n")[:-1]
    assert computed == list("abcdef")[kept:]
    assert end.startswith("24 ")


def test_two_processes_share_one_store(store):
    runs = [slow_run(store, 0.05) for _ in range(2)]
    ends = [run.communicate()[0].split("\n")[-2] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert ends[0] == ends[1]
    assert [path.suffix for path in store.folder.iterdir()] == [".csv"]


def gone():
    """The number of a process that ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_a_part_that_a_slower_process_left_is_removed_by_a_later_run(store):
    whole = store.compute(two_parts([]), Config())
    left = save(store, part="FA")
    other = save(store, Config(seed=1), part="FA")  # of a run that is not done yet
    store.compute(two_parts([]), Config())
    assert not left.path.exists()
    assert other.path.exists() and whole.path.exists()


def test_what_a_kill_left_half_written_is_removed_by_a_later_run(store):
    path = save(store).path
    text, dead = path.read_text(), gone()
    left = [f".{path.name}.{dead}.tmp", f".{path.stem}.part.{dead}.tmp"]
    kept = [
        f".{path.name}.{os.getpid()}.tmp",  # being written
        f".test-0123456789ab.csv.{dead}.tmp",  # its text is of another key
        ".test-notes.tmp",
        f".other-{path.stem[-12:]}.csv.{dead}.tmp",
    ]
    for name in left + kept:
        (store.folder / name).write_text(text)
    (store.folder / left[1]).write_text(text[:9])  # killed in the middle of writing
    store.compute(two_parts([]), Config())
    assert {file.name for file in store.folder.iterdir()} == {path.name, *kept}


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nothing"])
def test_a_store_that_cannot_be_written_is_known_before_anything_is_computed(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    done = []
    with pytest.raises(StoreError, match=rf"{place}.* cannot be .*(exists|directory|permitted)"):
        Store(tmp_path / place).compute(two_parts(done), Config())
    assert done == [] and (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_is_only_read_is_named_before_anything_is_computed(store, monkeypatch):
    found = store.compute(two_parts([]), Config())

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    assert store.compute(two_parts([]), Config()).record == found.record  # reading needs no more
    done = []
    with pytest.raises(StoreError, match="results cannot be written to: Permission denied"):
        store.compute(two_parts(done), Config(seed=1))
    assert done == []


def test_the_code_that_decides_numbers_is_what_a_record_names():
    here, version = provenance._PACKAGE, provenance.code_version.__wrapped__

    def changed(name):
        original, file = Path.read_text, here / name
        with pytest.MonkeyPatch.context() as patch:
            more = lambda path, **_: original(path, **_) + "#" * (path == file)  # noqa: E731
            patch.setattr(Path, "read_text", more)
            return version() != before

    before = version()
    assert version() == before
    assert changed("layers.py") and changed("engine/loop.py") and changed("data/sets.py")
    assert changed("experiments/__init__.py")
    assert not changed("cli.py") and not changed("show/style.py")
    assert not changed("results/store.py") and not changed("widgets/race.py")
