"""`course release --bundle DIR`: what a cohort gets.

1. refuse a stale release, and a target that already holds something
2. copy `release/`, the package without what only graders and authors have, and the set-up files
3. look into every file for a line of a solution or of a hidden test; if one is found, remove it all and say where
"""

import re
import shutil
from pathlib import Path

from course.errors import CourseError

from . import notebook, release

WITHHELD = ("authoring", "beside.py", "exam/keys", "grading", "hidden")  # of the package
SETUP = ("LICENSE", "Makefile", "README.md", "environment.yml", "pyproject.toml", "requirements.lock")
AUTHORS_SETTINGS = re.compile(r"\[(project\.optional-dependencies|tool\.(?!setuptools).*)\]")  # of pyproject.toml
LITTER = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
HANDED_OVER = "course/data/notebook_model"  # the data scientist's own script, which exercises hand to learners
TELLS_NOTHING = re.compile(r".{,15}|for \w+ in \w+:")  # a line of a solution, such as a closing bracket


class BundleError(CourseError):
    """The bundle was not made."""


def build(root: Path, target: Path) -> list[str]:
    """Make the bundle of the course at `root` in the new folder `target`; returns the paths of its files, sorted.

    Raises BundleError, and then leaves nothing behind.
    """
    if stale := release.run(root, check=True):
        raise BundleError(f"release/ is not what source/ gives ({stale[0]}): run `course release` first")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BundleError(f"{target} already holds something: name a new folder")
    if missing := [name for name in SETUP if not (root / name).is_file()]:
        raise BundleError(f"{missing[0]} is missing in {root}: a bundle cannot be set up without it")
    try:
        _copy(root, target)
        if found := leaks(root, target):
            raise BundleError(f"{found[0]}: it would give a solution away")
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())


def leaks(root: Path, target: Path) -> list[str]:
    """Where a file below `target` holds a line that stands only in a solution or a hidden test: `path: line`."""
    lines = secret_lines(root)
    return [
        f"{path.relative_to(target).as_posix()}: {line}"
        for path in sorted(target.rglob("*"))
        if path.is_file() and (text := _text(path))
        for line in lines
        if line in text
    ]


def secret_lines(root: Path) -> list[str]:
    """The lines of solutions and hidden tests that learners see nowhere, not in what notebooks print either."""
    secret: dict[str, None] = {}
    visible = [handed.read_text(encoding="utf-8") for handed in (root / HANDED_OVER).glob("*.py")]
    for path in notebook.sources(root):
        for cell in notebook.read(path).cells:
            visible.append(notebook.without(notebook.stub_of(cell), notebook.BEGIN_HIDDEN, notebook.END_HIDDEN))
            if not notebook.is_solution(cell):
                visible += [output.get("text", "") for output in cell.get("outputs", [])]
            secret |= dict.fromkeys(line.strip() for line in cell.source.split("\n"))
    seen = "\n".join(visible)
    marks = {notebook.BEGIN_SOLUTION, notebook.END_SOLUTION, notebook.BEGIN_HIDDEN, notebook.END_HIDDEN}
    return [line for line in secret if line not in marks and line not in seen and not TELLS_NOTHING.fullmatch(line)]


def _copy(root: Path, target: Path) -> None:
    shutil.copytree(root / "release", target / "release", ignore=LITTER)
    package = root / "course"

    def withheld(folder: str, names: list[str]) -> set[str]:
        inside = Path(folder).relative_to(package)
        return LITTER(folder, names) | {name for name in names if (inside / name).as_posix() in WITHHELD}

    shutil.copytree(package, target / "course", ignore=withheld)
    for name in SETUP:
        shutil.copyfile(root / name, target / name)
    settings = target / "pyproject.toml"
    settings.write_text(learners_settings(settings.read_text(encoding="utf-8")), encoding="utf-8")


def learners_settings(pyproject: str) -> str:
    """pyproject.toml without the tables that only authors use: their extra packages, their tools' settings."""
    kept, keep = [], True
    for line in pyproject.split("\n"):
        if line.startswith("["):
            keep = not AUTHORS_SETTINGS.match(line)
        if keep:
            kept.append(line)
    return "\n".join(kept).rstrip("\n") + "\n"


def _text(path: Path) -> str:
    """A file's text; of a notebook that of its cells, where JSON's escapes would hide a line."""
    try:
        text = path.read_text(encoding="utf-8")
        return "\n".join(cell.source for cell in notebook.parse(text, path).cells) if path.suffix == ".ipynb" else text
    except (UnicodeDecodeError, notebook.NotebookError):
        return ""
