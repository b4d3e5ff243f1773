"""The examples in the docstrings are run, module by module."""

import doctest
import importlib
import pkgutil

import pytest
import torch

import fa_core

MODULES = ["fa_core", *(m.name for m in pkgutil.walk_packages(fa_core.__path__, "fa_core."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_say(name):
    with torch.random.fork_rng():
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
