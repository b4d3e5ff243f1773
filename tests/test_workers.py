"""How the tests share a machine: their order and groups for several workers, and their threads."""

from pathlib import Path

import pytest
import torch
from conftest import share_out


class Item:
    """What ``share_out`` sees of a test."""

    def __init__(self, file: str, *fixturenames: str):
        self.path, self.fixturenames, self.group = Path(file), fixturenames, None

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        assert mark.name == "xdist_group"
        (self.group,) = mark.args


def test_long_work_starts_first_files_stay_whole_and_pages_fill_the_end():
    a, b = Item("test_a.py"), Item("test_b.py", "browser")
    whole = [Item("test_book.py", "site", "browser") for _ in range(3)]
    colab, wheel = Item("test_colab.py", "colab", "wheel"), Item("test_package.py", "wheel")
    items = [a, whole[0], b, colab, whole[1], wheel, whole[2]]
    share_out(items)
    assert items == [whole[0], colab, wheel, a, b, whole[1], whole[2]]
    groups = [item.group for item in items]
    assert groups == [None, "wheel", "wheel", "test_a", "test_b", None, None]


@pytest.mark.parametrize("count", [3, 5])
def test_threads_that_a_test_sets_do_not_reach_the_next(count: int):
    assert torch.get_num_threads() == 1
    torch.set_num_threads(count)
