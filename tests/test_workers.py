"""How the tests share a machine: their order over several workers, and their threads."""

from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import ByFile, share_out


def item(file: str, *fixtures: str) -> SimpleNamespace:
    """What ``share_out`` sees of a test."""
    return SimpleNamespace(path=Path(file), fixturenames=fixtures)


def test_long_work_starts_first_and_what_needs_the_book_comes_last():
    a, b = item("test_a.py"), item("test_b.py", "browser")
    first, second = (item("test_book.py", "site", "browser") for _ in range(2))
    plain, built = item("test_evidence.py"), item("test_evidence.py", "site")
    colab = item("test_colab.py", "colab", "wheel")
    items = [a, b, first, second, colab, plain, built]
    share_out(items)
    assert items == [first, colab, a, b, second, plain, built]


def test_a_file_goes_whole_to_one_worker_and_pages_one_by_one():
    scope = partial(ByFile._split_scope, None)
    assert scope("tests/test_a.py::test_x[1]") == scope("tests/test_a.py::test_y")
    assert scope("tests/test_book.py::test_x[1]") != scope("tests/test_book.py::test_x[2]")


@pytest.mark.parametrize("count", [3, 5])
def test_threads_that_a_test_sets_do_not_reach_the_next(count: int):
    assert torch.get_num_threads() == 1
    torch.set_num_threads(count)
