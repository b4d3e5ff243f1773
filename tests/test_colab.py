"""Chapters and package as a reader meets them in Colab: its versions, and no checkout beside them.

An environment of its own holds Colab's versions and fa_core from a wheel; torch and what else is
missing come from the environment of the tests. Each chapter lies alone in an empty folder.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

import papermill
import pytest
from conftest import NO_COLAB

import repository

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
# What Colab's kernel does before the first cell. Its own pip would ask the network.
STARTUP = """
from google.colab import output
from IPython import get_ipython
get_ipython().register_magic_function(lambda line: output.note("pip " + line), magic_name="pip")
"""
STAND_IN = """
def note(line):
    with open("asked-of-colab", "a") as file:
        print(line, file=file)


def enable_custom_widget_manager():
    note("custom widgets")
"""

pytestmark = pytest.mark.book


@pytest.fixture(scope="session")
def colab(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment; bin/python is its interpreter."""
    folder = tmp_path_factory.mktemp("colab")
    venv.create(folder)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--no-deps"]
    made = subprocess.run(
        [*pip, "-r", ROOT / "tests/colab.txt", wheel], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"{NO_COLAB}\n{made.stderr}")
    (packages,) = folder.glob("lib/python*/site-packages")
    own = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "tests.pth").write_text(own)  # comes after Colab's; its own .pth files are not read
    (packages / "google/colab").mkdir(parents=True)
    (packages / "google/colab/__init__.py").touch()
    (packages / "google/colab/output.py").write_text(STAND_IN)
    startup = folder / "ipython/profile_default/startup/colab.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(STARTUP)
    return folder


def run(colab: Path, folder: Path, *arguments: str | Path) -> str:
    """What a Python program prints, run in a folder of the environment; it must succeed."""
    environment = {**os.environ, "IPYTHONDIR": str(colab / "ipython")}
    for name in ("PYTHONPATH", "JUPYTER_PATH", "MPLBACKEND"):
        environment.pop(name, None)
    command = [colab / "bin/python", "-m", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_versions_are_colabs_and_the_package_is_the_wheels(colab: Path, tmp_path: Path):
    (tmp_path / "versions.py").write_text(
        "import fa_core, numpy, matplotlib, torch\n"
        "print(numpy.__version__, matplotlib.__version__, fa_core.__file__)"
    )
    numpy, matplotlib, package = run(colab, tmp_path, "versions").split()
    assert (numpy, matplotlib) == ("2.0.2", "3.10.0")
    assert Path(package).is_relative_to(colab)


def test_the_package_passes_its_tests(colab: Path, tmp_path: Path):
    options = ["-m", "not book", "-W", "default", "-p", "no:cacheprovider", "-q"]
    assert " passed" in run(colab, tmp_path, "pytest", *options, ROOT / "tests")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_a_notebook_runs_alone_and_repeats_its_stored_outputs(
    colab: Path, tmp_path: Path, notebook: Path
):
    copy, parameters = tmp_path / notebook.name, {"profile": "quick", "device": "cpu"}
    papermill.execute_notebook(notebook, copy, parameters, prepare_only=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run(colab, tmp_path, "pytest", "--nbval-lax", "--nbval-current-env", copy)
    asked = (tmp_path / "asked-of-colab").read_text().splitlines()
    address = f"git+https://github.com/{repository.slug()}"
    assert asked[:2] == [f"pip install --quiet {address}", "custom widgets"]
