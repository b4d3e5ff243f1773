"""The files around the code agree: pins, versions, contents, commands."""

import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fa_core

pytestmark = pytest.mark.book
ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GROUPS = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
DIRECT = [Requirement(line) for group in GROUPS for line in group]


def pins(lines: list[str]) -> dict[str, str]:
    """Versions by name, from lines of the form name==version."""
    return {
        canonicalize_name(name): version
        for name, separator, version in (line.strip().partition("==") for line in lines)
        if separator
    }


CONSTRAINTS = pins((ROOT / "constraints.txt").read_text().splitlines())


def project_files() -> list[Path]:
    """Every file of the project; built, installed and hidden ones are left out."""
    outside = {"build", "dist", "data"}
    tops = [path for path in ROOT.iterdir() if path.name not in outside]
    hidden = {".ci", ".github", ".gitignore"}
    tops = [path for path in tops if path.name[0] != "." or path.name in hidden]
    tops = [path for path in tops if not (path / "pyvenv.cfg").exists()]
    files = (file for top in tops for file in [top, *top.rglob("*")])
    return [file for file in files if file.is_file() and "__pycache__" not in file.parts]


def toc_pages() -> set[str]:
    """The pages that _toc.yml names."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return {toc["root"], *chapters}


@pytest.mark.parametrize("requirement", DIRECT, ids=str)
def test_a_direct_dependency_is_pinned_inside_its_range(requirement: Requirement):
    assert requirement.specifier.contains(CONSTRAINTS[canonicalize_name(requirement.name)])


def test_environment_yml_holds_the_same_pins_of_the_same_packages():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, from_pip = environment["dependencies"]
    assert conda == ["python=3.11", "pip"]
    assert from_pip["pip"].pop() == "--editable ."
    names = {canonicalize_name(requirement.name) for requirement in DIRECT}
    assert pins(from_pip["pip"]) == {name: CONSTRAINTS[name] for name in names}


def test_constraints_pin_whatever_a_pinned_package_needs():
    for name in CONSTRAINTS:
        try:
            needed = [Requirement(line) for line in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:  # pinned for another Python than this one
            continue
        for need in needed:
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                known = canonicalize_name(need.name) in CONSTRAINTS
                assert known or need.name.startswith(("cuda", "nvidia", "triton")), (name, need)


def test_constraints_name_neither_hosts_nor_paths_nor_local_builds():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", line) for line in pinned)


def test_versions_agree():
    assert PROJECT["version"] == fa_core.__version__ == metadata.version("fa-core")


def test_contents_list_every_page_and_no_other():
    pages = [page.relative_to(ROOT) for page in (ROOT / "book").glob("*.*")]
    written = {str(page.with_suffix("")) for page in pages if page.suffix in {".md", ".ipynb"}}
    assert toc_pages() == written


def test_no_file_names_a_home_folder():
    home = re.compile(rb"/(?:home|root|Users)/\w|[A-Z]:\\+Users")
    assert not [file for file in project_files() if home.search(file.read_bytes())]


@pytest.mark.parametrize("page", ["README.md", "book/intro.md"])
def test_commands_in_the_text_exist(page: str):
    commands = set(re.findall(r"(?:`|^    )make (\w+)", (ROOT / page).read_text(), re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert commands
    assert commands <= targets


def test_the_example_in_the_readme_runs():
    (example,) = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert "steps=8000" in example
    exec(example.replace("steps=8000", "steps=5, progress=False"), {})


def test_make_alone_lists_every_command_and_every_variable():
    makefile = (ROOT / "Makefile").read_text()
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in re.search(r"^\.PHONY: (.+) FORCE$", makefile, re.MULTILINE)[1].split():
        assert command == "help" or f"make {command} " in listed.stdout
    for variable in re.findall(r"^(\w+) *\?=", makefile, re.MULTILINE):
        assert f"\n{variable}=" in listed.stdout
