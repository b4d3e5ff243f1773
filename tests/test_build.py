"""What the build changes in its copies of the notebooks."""

import json
from pathlib import Path

import nbformat
import pytest

import build

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "book").glob("[0-9]*.ipynb"))
pytestmark = pytest.mark.book


def folded(source: str, *tags: str) -> bool:
    """Whether the page folds a cell of this source away."""
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": [*tags]})
    build.fold_set_up({"cells": [cell]})
    return "set-up" in cell.metadata.tags


@pytest.mark.parametrize(
    "source, tags, folds",
    [
        ("profile = 1", ["parameters"], True),
        ("profile = 1", ["injected-parameters"], True),
        ("import a\nfrom b import c", [], True),
        ("import a\nconfig = a.Config()\nvars(config)", [], True),
        ("import a\nconfig = a.Config()\nconfig", [], True),
        ("import a\nnet = a.MLP()", [], False),
        ("import a\nconfigure(a)", [], False),
        ("import a", ["hide-input"], False),
        ("import a", ["remove-cell"], False),
        ("%time f()", [], False),
        ("", [], False),
    ],
)
def test_only_set_up_folds_that_nothing_folds_already(source, tags, folds):
    assert folded(source, *tags) is folds


def test_a_fold_says_what_it_holds():
    picture = {"image": {"alt": "A line."}}
    tags = {"tags": ["solution", "hide-cell"], "mystnb": picture}
    cells = [nbformat.v4.new_code_cell("net.train()", metadata=tags)]
    cells += [nbformat.v4.new_code_cell("import a"), nbformat.v4.new_code_cell("a.run()")]
    build.fold_set_up({"cells": cells})
    solution, set_up, plain = (cell.metadata.get("mystnb") for cell in cells)
    assert solution == {**picture, "code_prompt_show": "Solution", "code_prompt_hide": "Solution"}
    assert set_up["code_prompt_show"] == "Set-up" and plain is None


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_a_chapter_shows_no_imports_and_the_notebook_keeps_its_tags(chapter, tmp_path):
    before = chapter.read_bytes()
    notebook = json.loads(before)
    notebook["metadata"]["papermill"] = {"duration": 1}
    (tmp_path / chapter.name).write_text(json.dumps(notebook), encoding="utf-8")
    (tmp_path / "out").mkdir()
    build.publish(tmp_path / chapter.name, tmp_path / "out")
    cells = json.loads((tmp_path / "out" / chapter.name).read_bytes())["cells"]
    set_up = [cell for cell in cells if "set-up" in cell["metadata"]["tags"]]
    told = ["".join(cell["source"]).split()[0] for cell in set_up]
    assert told[0] == "profile" and {"from", "import"} & set(told[1:])
    assert all("hide-cell" in cell["metadata"]["tags"] for cell in set_up)
    assert chapter.read_bytes() == before
