"""What the text says of a verdict is what the stored table says, and no chapter claims too much.

Behind a sentence that speaks of a verdict at paper scale stands a comment that the page does not
show: ``<!-- says: KEY supported -->``, or ``EXPERIMENT/KEY`` outside that experiment's chapter.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import paper_claims
from fa_core.results.multiplicity import paper_scale

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGES = sorted(page for page in BOOK.iterdir() if page.suffix in {".md", ".ipynb"})
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
SAYS = re.compile(r"<!-- says: (?:(\w+)/)?([a-z0-9._-]+) (supported|contradicted|undecided) -->")
pytestmark = pytest.mark.book


def texts(page: Path) -> list[str]:
    """The Markdown of a page."""
    if page.suffix == ".md":
        return [page.read_text(encoding="utf-8")]
    cells = nbformat.read(page, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def verdicts(stem: str) -> dict[str, str]:
    """Every verdict at paper scale by ``EXPERIMENT/KEY``; those of the page by key alone, too."""
    found = {}
    for name, findings in paper_scale().items():
        own = {finding.key: finding.verdict for finding in findings}
        found |= {f"{name}/{key}": verdict for key, verdict in own.items()}
        if paper_claims.CHAPTERS[name] == stem:
            found |= own
    return found


def wrong(text: str, known: dict[str, str]) -> Iterator[str]:
    """Comments that are no statement, or say what the table does not."""
    for comment in COMMENT.findall(text):
        said = SAYS.fullmatch(comment)
        if not said:
            yield f"{comment}: is no <!-- says: KEY verdict -->"
            continue
        experiment, key, verdict = said.groups()
        measured = known.get(f"{experiment}/{key}" if experiment else key, "no finding")
        if measured != verdict:
            yield f"{comment}: the stored table says {measured}"


def swallows(text: str) -> list[str]:
    """Lines that begin with a comment and go on: their Markdown would be shown as it is typed."""
    return re.findall(r"^ *<!--.*?-->[ \t]*\S.*", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_text_says_what_the_stored_table_says(page: Path):
    known = verdicts(page.stem)
    assert [problem for text in texts(page) for problem in wrong(text, known)] == []
    assert [line for text in texts(page) for line in swallows(text)] == []


@pytest.mark.parametrize("chapter", sorted(set(paper_claims.CHAPTERS.values())))
def test_a_chapter_makes_at_most_twelve_claims_and_one_of_them_is_primary(chapter: str):
    told = [name for name, page in paper_claims.CHAPTERS.items() if page == chapter]
    found = [finding for name in told for finding in paper_scale()[name]]
    assert len(found) <= 12
    assert sum(finding.primary for finding in found) == 1


KNOWN = {"falls": "supported", "other/rises": "undecided"}


@pytest.mark.parametrize(
    "text, problems",
    [
        ("It falls. <!-- says: falls supported -->", 0),
        ("There it rises. <!-- says: other/rises undecided --> It falls.", 0),
        ("It falls. <!-- says: falls contradicted -->", 1),
        ("It rises. <!-- says: rises undecided -->", 1),
        ("It falls. <!-- says: falls  supported -->", 1),
        ("It falls. <!-- says:\nfalls supported -->", 1),
        ("Both. <!-- says: falls undecided --> <!-- says: other/rises supported -->", 2),
    ],
)
def test_a_sentence_that_the_table_does_not_carry_is_found(text: str, problems: int):
    assert len(list(wrong(text, KNOWN))) == problems


def test_a_comment_before_the_text_of_a_line_is_found():
    comment = "<!-- says: falls supported -->"
    assert not swallows(f"It falls. {comment} It rises.\n{comment}\nMore.")
    assert swallows(f"It falls.\n{comment} It **rises**.")
