"""fa_core beside any build of torchvision: declares what is missing, and nothing else."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
import torch

from fa_core.data import torchvision_shim


def test_torchvision_imports_after_fa_core():
    code = "import fa_core, torchvision; from torchvision import datasets, transforms"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.fixture
def declared(monkeypatch, tmp_path):
    """Declares beside builds of one's choice; returns the schemas that would be declared."""

    class Library:
        def __init__(self, namespace, kind):
            self.schemas = []

        def define(self, schema):
            self.schemas.append(schema)

    def declare(torchvision, cuda=None, hip=None):
        spec = None
        if torchvision is not None:
            (tmp_path / "version.py").write_text(f"__version__ = {torchvision!r}\n")
            spec = ModuleSpec("torchvision", None, origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(torchvision_shim.importlib.util, "find_spec", lambda name: spec)
        monkeypatch.setattr(torch.library, "Library", Library)
        monkeypatch.setattr(torch.version, "cuda", cuda)
        monkeypatch.setattr(torch.version, "hip", hip)
        library = torchvision_shim._declare_missing_operators()
        return [] if library is None else [schema.split("(")[0] for schema in library.schemas]

    return declare


@pytest.mark.parametrize(
    "torchvision, cuda, hip",
    [
        ("0.28.0+cpu", None, None),
        ("0.28.0", None, None),
        ("0.28.0+cu130", "13.0", None),
        ("0.28.0+rocm7.1", None, "7.1"),
        ("0.28.0+cpu", "13.0", None),
        (None, None, None),
    ],
)
def test_a_pair_that_fits_is_left_alone(declared, torchvision, cuda, hip):
    assert declared(torchvision, cuda, hip) == []


@pytest.mark.parametrize("torchvision", ["0.28.0+cu130", "0.28.0+rocm7.1"])
def test_the_two_missing_operators_are_declared(declared, torchvision):
    assert declared(torchvision) == ["nms", "qnms"]
