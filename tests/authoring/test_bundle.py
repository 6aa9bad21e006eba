"""A bundle holds what a cohort needs and nothing that gives a solution away."""

import shutil
from pathlib import Path

import pytest

from course.authoring import bundle, release

REPOSITORY = Path(__file__).resolve().parents[2]
PYPROJECT = """\
[project]
name = "five-bridges"

[project.optional-dependencies]
author = ["nbval"]

[project.scripts]
course = "course.cli:main"

[tool.setuptools.package-data]
course = ["**/*.toml"]

[tool.ruff.lint]
select = ["E"]
"""


@pytest.fixture
def complete(root: Path) -> Path:
    """The fixture course with a release, a small package and its set-up files."""
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    for name in bundle.SETUP:
        (root / name).write_text(f"{name}\n")
    (root / "pyproject.toml").write_text(PYPROJECT)
    for name in ("learn/check.py", "hidden/o_8.py", "grading/findings.py", "authoring/lint.py", "exam/keys/d1.json"):
        (root / "course" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "course" / name).write_text("VALUE = 1\n")
    (root / "course" / "learn" / "__pycache__").mkdir()
    (root / "course" / "learn" / "__pycache__" / "check.pyc").write_bytes(b"\x00")
    (root / "tests").mkdir()
    assert release.run(root) == []
    return root


def test_a_bundle_holds_the_release_the_learners_package_and_the_set_up(complete: Path, tmp_path: Path) -> None:
    assert bundle.build(complete, tmp_path / "cohort") == [
        "LICENSE",
        "Makefile",
        "README.md",
        "course/learn/check.py",
        "course/syllabus.toml",
        "environment.yml",
        "pyproject.toml",
        "release/d0_orientation/d0_orientation.ipynb",
        "requirements.lock",
    ]
    tables = [line for line in (tmp_path / "cohort" / "pyproject.toml").read_text().split("\n") if line[:1] == "["]
    assert tables == ["[project]", "[project.scripts]", "[tool.setuptools.package-data]"]


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ('name = x.bucket + "-crossing-solved"', "course/learn/check.py"),
        ('check("O-8", name=name, hidden=True)', "README.md"),
    ],
)
def test_a_line_of_a_solution_anywhere_stops_the_bundle(complete: Path, tmp_path: Path, line: str, file: str) -> None:
    (complete / file).write_text(f"before\n    {line}\n")
    with pytest.raises(bundle.BundleError, match="give a solution away") as caught:
        bundle.build(complete, tmp_path / "cohort")
    assert file in str(caught.value) and not (tmp_path / "cohort").exists()


def test_the_source_notebook_itself_would_be_found(complete: Path, source: Path, tmp_path: Path) -> None:
    shutil.copytree(complete / "source", tmp_path / "given" / "source")
    assert len(bundle.leaks(complete, tmp_path / "given")) == 2


def test_a_stale_release_stops_the_bundle(complete: Path, source: Path, tmp_path: Path) -> None:
    source.write_text(source.read_text().replace("chosen once", "chosen twice"))
    with pytest.raises(bundle.BundleError, match="run `course release` first"):
        bundle.build(complete, tmp_path / "cohort")


def test_a_full_folder_and_a_missing_file_stop_the_bundle(complete: Path, tmp_path: Path) -> None:
    with pytest.raises(bundle.BundleError, match="name a new folder"):
        bundle.build(complete, complete / "course")
    assert (complete / "course" / "syllabus.toml").is_file()
    (complete / "Makefile").unlink()
    with pytest.raises(bundle.BundleError, match="Makefile is missing"):
        bundle.build(complete, tmp_path / "cohort")
