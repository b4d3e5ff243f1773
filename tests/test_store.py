"""The store: results are found again, and damaged or interrupted ones lose nothing."""

import ast
import dataclasses
import json
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest

import fa_core.results.store
from fa_core import cli, experiments
from fa_core.results import provenance
from fa_core.results.store import Store, describe, make_record, published, shipped


@dataclasses.dataclass(frozen=True)
class Config:
    networks: int = 3
    widths: tuple[int, ...] = (1, 2)
    seed: int = 0


def table(condition="FA", scale=1.0):
    rows = [
        (condition, step, network, metric, scale * (step + network / 7))
        for metric in ("loss", "accuracy")
        for step in (0, 10, 20)
        for network in range(3)
    ]
    return pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])


def tidy(frame):
    columns = ["condition", "metric", "step", "network"]
    return frame.sort_values(columns).reset_index(drop=True)[[*columns, "value"]]


def save(store, config=Config(), frame=None):
    frame = table() if frame is None else frame
    return store.save("test", config, frame, device="cpu", seconds=1.25)


def two_parts(done):
    def part(name):
        def compute():
            done.append(name)
            return table(name)

        return compute

    return {name: part(name) for name in ("FA", "BP, 3 layers")}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def test_a_saved_table_comes_back_rounded_to_four_digits(store):
    save(store)
    loaded = store.load("test", Config())
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
    now = describe(make_record("test", Config(), table(), "cpu"))
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
    assert describe(make_record("test", config, table(), "cpu")).startswith(f"test on {named}; ")


@pytest.mark.book
def test_a_checkout_shows_its_own_tables_and_a_wheel_those_it_brought(tmp_path, monkeypatch):
    root = Path(__file__).resolve().parent.parent
    assert shipped("book/results") == published().folder == root / "book/results"
    monkeypatch.setattr(fa_core.store, "__file__", str(tmp_path / "fa_core/results/store.py"))
    assert shipped("book/results") == tmp_path / "fa_core/_shipped/book/results"


def test_other_tables_of_an_experiment_are_found(store):
    old, new = save(store), save(store, Config(seed=1))
    other = store.save("test_too", Config(), table(), device="cpu", seconds=0)
    assert store.others(new) == [old.path]
    assert store.others(other) == []


@pytest.mark.parametrize("change", [{"seed": 1}, {"networks": 4}, {"widths": (1, 3)}])
def test_another_configuration_is_another_result(store, change):
    save(store)
    assert store.load("test", dataclasses.replace(Config(), **change)) is None


def test_other_code_is_another_result(store, monkeypatch):
    save(store)
    monkeypatch.setattr(provenance, "code_version", lambda experiment: "changed")
    assert store.load("test", Config()) is None


def test_nothing_stored_is_none_and_no_folder_is_made(store):
    assert store.load("test", Config()) is None
    assert not store.folder.exists()


def test_a_deleted_file_is_computed_again(store):
    store.compute("test", Config(), two_parts([])).path.unlink()
    done = []
    store.compute("test", Config(), two_parts(done))
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
    path = store.compute("test", Config(), two_parts([])).path
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.warns(UserWarning, match=path.name):
        assert store.load("test", Config()) is None
    done = []
    with pytest.warns(UserWarning, match="damaged or foreign"):
        store.compute("test", Config(), two_parts(done))
    assert done == ["FA", "BP, 3 layers"]
    assert path.read_bytes().partition(b"\n")[2] == whole.partition(b"\n")[2]


def test_a_damaged_part_alone_is_computed_again(store):
    done = []
    parts = two_parts(done)

    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.compute("test", Config(), {**parts, "third": fail})
    first, _ = sorted(store.folder.glob("*.part"), key=lambda path: path.stat().st_mtime_ns)
    first.write_bytes(first.read_bytes()[:40])
    done.clear()
    with pytest.warns(UserWarning, match=first.name):
        store.compute("test", Config(), parts)
    assert done == ["FA"]


def test_a_computed_result_is_found_and_its_parts_are_gone(store):
    first = store.compute("test", Config(), two_parts([]))
    done = []
    again = store.compute("test", Config(), two_parts(done))
    assert done == []
    pd.testing.assert_frame_equal(again.table, first.table)
    assert [path.name for path in store.folder.iterdir()] == [first.path.name]


SLOW_RUN = """
import sys, time
import pandas as pd
from fa_core.results.store import Store

def part(name):
    def compute():
        time.sleep(float(sys.argv[2]))
        print(name, flush=True)
        rows = [(name, t, i, "loss", t + i) for t in (0, 1) for i in (0, 1)]
        return pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])
    return compute

parts = {name: part(name) for name in "abcdef"}
result = Store(sys.argv[1]).compute("test", {"seed": 0}, parts)
print(len(result.table), result.record["sha256"])
"""


def slow_run(store, seconds):
    command = [sys.executable, "-c", textwrap.dedent(SLOW_RUN), store.folder, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


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


def test_a_table_without_a_column_is_refused(store):
    with pytest.raises(ValueError, match="network"):
        save(store, frame=table().drop(columns="network"))


SOURCE = '''
"""Doc."""
from x import y

RATE = 3  # a comment

def parts(config: int) -> int:
    """Doc."""
    return inner(config) * RATE

def inner(n):
    if n < 0:
        raise ValueError("n must be positive")
    return n + 1

def findings(table):
    return table + 1
'''


def version(source):
    return provenance._normal_form(provenance._reached(ast.parse(source), "parts"))


@pytest.mark.parametrize(
    "old, new",
    [
        ('"""Doc."""', '"""Other."""'),
        ("# a comment", ""),
        ("config: int", "config: float"),
        ("n must be", "n should be"),
        ("table + 1", "table + 2"),
        ("inner(config) * RATE", "(inner(config)\n            * RATE)"),
    ],
)
def test_what_decides_no_number_leaves_the_code_version(old, new):
    assert version(SOURCE.replace(old, new)) == version(SOURCE)


@pytest.mark.parametrize(
    "old, new", [("RATE = 3", "RATE = 4"), ("n + 1", "n - 1"), ("n < 0", "n < 1"), ("* RATE", "")]
)
def test_what_decides_a_number_changes_the_code_version(old, new):
    assert version(SOURCE.replace(old, new)) != version(SOURCE)


def files_of(name):
    """The files of an experiment: its module, or its package's modules."""
    folder = Path(experiments.__file__).parent
    return [
        file for file in (folder / f"{name}.py", *(folder / name).glob("*.py")) if file.exists()
    ]


@pytest.mark.parametrize("name", cli.names())
@pytest.mark.parametrize("function, counts", [("parts", True), ("findings", False)])
def test_an_experiments_numbers_count_and_its_findings_do_not(name, function, counts, monkeypatch):
    changed, original = [], provenance._tree

    def with_another_line(file):
        tree = original(file)
        for node in tree.body:
            if file in files_of(name) and getattr(node, "name", None) == function:
                changed.append(file)
                node.body += ast.parse("1 + 1").body
        return tree

    version = provenance.code_version.__wrapped__
    before = version(name)
    monkeypatch.setattr(provenance, "_tree", with_another_line)
    assert (version(name) != before) is counts
    assert changed or not counts


@pytest.mark.parametrize("name", cli.names())
def test_an_experiment_takes_no_number_from_a_module_that_does_not_count(name):
    for file in files_of(name):
        if "def parts(" in (text := file.read_text(encoding="utf-8")):
            taken = re.findall(r"^from fa_core\.experiments\.?(\S*) import", text, re.MULTILINE)
            assert set(taken) <= {"_common"}
