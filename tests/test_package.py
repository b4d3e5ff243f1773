"""The wheel: what is in it, and that it runs where nothing of the book is installed."""

import os
import subprocess
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import fa_core

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.book


def needed(package: str, known: set[str] | None = None) -> set[str]:
    """A package and all it needs, without extras."""
    known = set() if known is None else known
    if package not in known:
        known.add(package)
        for line in metadata.requires(package) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                needed(need.name, known)
    return known


@pytest.fixture(scope="module")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and its own requirements, linked from where they lie."""
    folder = tmp_path_factory.mktemp("plain")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    for package in needed("fa-core") - {"fa-core"}:
        distribution = metadata.distribution(package)
        for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(distribution.locate_file(top))
    return folder


def run(plain: Path, *arguments: str) -> str:
    """What Python prints in the plain environment; it must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [plain / "bin/python", *arguments]
    done = subprocess.run(command, cwd=plain, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_whole_and_nothing_else(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.startswith("fa_core-")}
    files = (ROOT / "fa_core").rglob("*")
    source = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    targets = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    expected = {file.relative_to(ROOT).as_posix() for file in source}
    for folder, place in targets["force-include"].items():
        added = (file for file in (ROOT / folder).rglob("*") if file.is_file())
        expected |= {f"{place}/{file.relative_to(ROOT / folder).as_posix()}" for file in added}
    assert packed == expected
    assert {"fa_core/py.typed", "fa_core/widgets/engine.js"} <= packed


def test_the_package_works_without_what_the_book_needs(plain: Path):
    assert run(plain, "-c", "import fa_core; fa_core.FALinear(3, 2)") == ""
    for absent in ("anywidget", "sphinx", "papermill", "pytest"):
        assert run(plain, "-c", f"import importlib.util as u; print(u.find_spec({absent!r}))") == (
            "None\n"
        )


def test_the_command_helps_tells_its_version_and_looks_around(plain: Path):
    command = ["-c", "import sys, fa_core.cli; sys.exit(fa_core.cli.main())"]
    assert "doctor" in run(plain, *command, "--help")
    assert run(plain, *command, "--version") == f"fa-core {fa_core.__version__}\n"
    report = run(plain, *command, "doctor")
    assert "anywidget            missing" in report
    assert "sets found           digits" in report


def test_the_command_is_installed():
    (entry,) = metadata.distribution("fa-core").entry_points
    assert (entry.name, entry.value) == ("fa-core", "fa_core.cli:main")
