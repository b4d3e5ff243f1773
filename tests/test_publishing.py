"""What publishing relies on: one address, valid workflows and citation, versions that agree."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version
from test_project import CONSTRAINTS, PROJECT, pins, project_files

import repository

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
pytestmark = pytest.mark.book


def lines(name: str) -> list[str]:
    return (ROOT / "tests" / name).read_text().splitlines()


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-workflows", WORKFLOWS), ("citation-file-format", [ROOT / "CITATION.cff"])],
)
def test_files_for_other_programs_fit_their_schema(schema: str, files: list[Path]):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    checked = subprocess.run([*command, *files], capture_output=True, text=True)
    assert files
    assert checked.returncode == 0, checked.stdout


def test_the_citation_names_this_version_and_address():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]


def test_one_command_moves_every_mention_of_the_address(tmp_path: Path, monkeypatch):
    old = repository.slug()
    for file in project_files():
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    repository.move("https://github.com/reader/a.fork.git")
    assert repository.slug() == "reader/a.fork"
    for file in tmp_path.rglob("*.*"):
        if file.is_file():
            assert f"github.com/{old}".encode() not in file.read_bytes(), file
            assert f"github/{old}".encode() not in file.read_bytes(), file
    repository.move(f"https://github.com/{old}")
    for file in repository.ROOT.rglob("*.ipynb"):
        assert file.read_bytes() == (ROOT / file.relative_to(tmp_path)).read_bytes()


@pytest.mark.parametrize("address", ["", "https://example.org/a/b", "https://github.com/owner"])
def test_an_address_that_colab_cannot_open_is_refused(address: str):
    with pytest.raises(ValueError, match=r"https://github\.com/OWNER/NAME"):
        repository.move(address)


def test_the_oldest_versions_are_the_lower_bounds():
    ranges = [Requirement(line) for line in PROJECT["dependencies"]]
    bounds = {need.name: Version(next(iter(need.specifier)).version) for need in ranges}
    assert {name: Version(version) for name, version in pins(lines("oldest.txt")).items()} == bounds


def test_colabs_versions_are_inside_the_ranges():
    extras = PROJECT["optional-dependencies"]["book"]
    ranges = {need.name: need for need in map(Requirement, PROJECT["dependencies"] + extras)}
    colab = pins(lines("colab.txt"))
    assert {"numpy", "matplotlib", "ipywidgets", "anywidget"} <= colab.keys() & ranges.keys()
    for name in colab.keys() & ranges.keys():
        assert ranges[name].specifier.contains(colab[name])
        assert Version(colab[name]) < Version(CONSTRAINTS[name])


def test_the_workflows_test_the_pythons_that_the_metadata_supports():
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    matrix = tests["jobs"]["package"]["strategy"]["matrix"]
    supported = Requirement(f"python {PROJECT['requires-python']}").specifier
    assert all(supported.contains(version) for version in matrix["python"])
