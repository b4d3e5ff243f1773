"""Each chapter runs with parameters, computes what it stores, and says what it found."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

import build

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))
FIELDS = {"claim", "estimate", "low", "high", "unit", "n", "expected", "verdict"}

pytestmark = [
    pytest.mark.book,
    pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem),
]


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    """The cells that carry a tag."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_chapter_is_a_valid_notebook_for_any_python_kernel(chapter: Path):
    notebook = nbformat.read(chapter, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"


def test_chapter_has_parameters_with_quick_defaults(chapter: Path):
    (cell,) = tagged(nbformat.read(chapter, as_version=4), "parameters")
    defaults: dict[str, str] = {}
    exec(cell.source, defaults)
    assert (defaults["profile"], defaults["device"]) == ("quick", "cpu")


def test_every_exercise_has_a_solution_that_runs(chapter: Path):
    notebook = nbformat.read(chapter, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    solutions = tagged(notebook, "solution")
    exercises = re.findall(r"^#+ Exercise \d+", text, re.MULTILINE)
    assert exercises
    assert len(exercises) == len(solutions)
    assert all(cell.cell_type == "code" for cell in solutions)


def test_compared_cells_have_stored_outputs(chapter: Path):
    """nbval compares nothing where nothing is stored, and says nothing about it."""
    compared = tagged(nbformat.read(chapter, as_version=4), "nbval-check-output")
    assert compared
    assert all(cell.outputs and cell.execution_count for cell in compared)


def test_chapter_run_with_parameters_repeats_its_stored_outputs(chapter: Path, tmp_path: Path):
    book = shutil.copytree(ROOT / "book", tmp_path / "book")
    parameters = {"profile": "quick", "device": "cpu"}
    papermill.execute_notebook(chapter, book / chapter.name, parameters, prepare_only=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    options = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, book / chapter.name]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_built_chapter_displays_its_findings(site: Path, chapter: Path):
    found = build.findings(site.parent / "executed" / chapter.name)
    assert found
    for finding in found:
        assert set(finding) == FIELDS
        assert finding["low"] <= finding["estimate"] <= finding["high"]
