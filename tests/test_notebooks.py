"""Each notebook opens in Colab; each chapter has parameters, exercises and findings.

test_colab.py runs them and compares their stored outputs.
"""

import re
from pathlib import Path

import nbformat
import pytest

import build
import paper_claims
import repository
from fa_core.results.findings import Finding

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
CHAPTERS = sorted(ROOT / "book" / f"{stem}.ipynb" for stem in set(paper_claims.CHAPTERS.values()))
NUMBERED = [chapter for chapter in CHAPTERS if chapter.name[0].isdigit()]
CODE_WIDTH = 84  # characters of code that the text column shows without scrolling
FIELDS = {*Finding.__dataclass_fields__, "verdict"}

FIRST_CELL = f"""\
# Does nothing outside Colab. There it adds fa_core, leaves torch and numpy as they are, and
# lets the interactive figures run.
import sys

if "google.colab" in sys.modules:
    from google.colab import output

    %pip install --quiet git+https://github.com/{repository.slug()}
    output.enable_custom_widget_manager()"""

pytestmark = pytest.mark.book
every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda file: file.stem)
every_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda file: file.stem)


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    """The cells that carry a tag."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


@every_notebook
def test_notebook_is_valid_for_any_python_kernel(notebook: Path):
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    assert content.metadata.kernelspec.name == "python3"


@every_notebook
def test_notebook_first_makes_itself_at_home_in_colab(notebook: Path):
    cells = nbformat.read(notebook, as_version=4).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.source == FIRST_CELL
    assert "remove-cell" in first.metadata.tags


@every_notebook
def test_code_that_stands_open_fits_the_page(notebook: Path):
    cells = nbformat.read(notebook, as_version=4).cells
    folds = re.compile("hide-(input|cell)|remove-")
    told = [cell for cell in cells if cell.cell_type == "code"]
    open_cells = (cell for cell in told if not any(map(folds.match, cell.metadata.get("tags", []))))
    lines = [line for cell in open_cells for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > CODE_WIDTH] == []


@every_chapter
def test_chapter_has_parameters_with_quick_defaults(chapter: Path):
    (cell,) = tagged(nbformat.read(chapter, as_version=4), "parameters")
    defaults: dict[str, str] = {}
    exec(cell.source, defaults)
    assert (defaults["profile"], defaults["device"]) == ("quick", "cpu")


@every_chapter
def test_chapter_opens_with_its_answer_the_key_number_and_the_key_figure(chapter: Path):
    head, _, number, figure, *_ = nbformat.read(chapter, as_version=4).cells
    _, _, short = re.sub(r"<!--.*?-->", "", head.source).partition(":::{admonition} In short\n")
    assert 0 < len(short.removesuffix(":::").split()) <= 60
    assert re.search(r'^key_number\("\w+"\)$', number.source, re.MULTILINE)
    assert "hide-input" in number.metadata.tags
    assert figure.metadata.mystnb.figure.caption
    assert "at_paper_scale(" in figure.source


@every_chapter
def test_at_most_five_figures_stand_open_before_the_exercises(chapter: Path):
    cells = nbformat.read(chapter, as_version=4).cells
    first = next(n for n, cell in enumerate(cells) if "\n## Exercises\n" in cell.source)
    drawn = [
        cell
        for cell in cells[:first]
        if "figure" in cell.metadata.get("mystnb", {}) or "from fa_core.widgets" in cell.source
    ]
    folded = {"hide-cell", "hide-output"}
    assert 1 <= sum(folded.isdisjoint(cell.metadata.tags) for cell in drawn) <= 5


@every_chapter
def test_chapter_ends_with_what_holds_what_fails_and_what_is_open(chapter: Path):
    cells = nbformat.read(chapter, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    *_, findings, last, exercises = re.findall(r"^## (.*)", text, re.MULTILINE)
    ends = ["Findings", "What holds, what fails, what is open", "Exercises"]
    assert [findings, last, exercises] == ends
    for word in ("Holds", "Fails", "Open"):
        assert f"**{word}.**" in text.partition(ends[1])[2]


@every_chapter
def test_every_exercise_has_a_solution_that_runs(chapter: Path):
    notebook = nbformat.read(chapter, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    solutions = tagged(notebook, "solution")
    exercises = re.findall(r"^#+ Exercise \d+", text, re.MULTILINE)
    assert exercises
    assert len(exercises) == len(solutions)
    assert all(cell.cell_type == "code" for cell in solutions)


@pytest.mark.parametrize("chapter", NUMBERED, ids=lambda file: file.stem)
def test_compared_cells_have_stored_outputs(chapter: Path):
    """nbval compares nothing where nothing is stored, and says nothing about it."""
    compared = tagged(nbformat.read(chapter, as_version=4), "nbval-check-output")
    assert compared
    assert all(cell.outputs and cell.execution_count for cell in compared)


@every_chapter
def test_built_chapter_displays_its_findings(site: Path, chapter: Path):
    found = build.findings(site.parent / "executed" / chapter.name)
    assert found
    for finding in found:
        assert set(finding) == FIELDS and finding["key"]
        assert finding["low"] <= finding["estimate"] <= finding["high"]
