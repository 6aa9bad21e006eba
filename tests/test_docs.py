"""The docs tell everything there is, and nothing that there is not."""

import argparse
import re
import tomllib
from pathlib import Path

import pytest

from course import cli
from course.cloud.operations import OPERATIONS
from course.cloud.server import OURS

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "bench" / "README.md"])
COMMAND_LINE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
CODE = [path for folder in ("course", "bench", "tests/acceptance") for path in (ROOT / folder).rglob("*.py")]


def verbs() -> dict[str, argparse.ArgumentParser]:
    [action] = [a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return action.choices


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_is_told_with_its_options(verb: str) -> None:
    [row] = [line for line in COMMAND_LINE.splitlines() if line.startswith(f"| `course {verb}")]
    told = set(re.findall(r"`(--[a-z-]+)`", row))
    assert told == {o for action in verbs()[verb]._actions for o in action.option_strings} - {"-h", "--help"}


def test_no_verb_is_told_that_there_is_not() -> None:
    for page in PAGES:
        told = set(re.findall(r"`(?:\.venv/bin/)?course ([a-z]+)", page.read_text(encoding="utf-8")))
        assert told <= set(verbs()), page.name


def test_every_setting_is_told() -> None:
    used = {name for path in CODE for name in re.findall(r"\bCOURSE_[A-Z]+(?:_[A-Z]+)*\b", path.read_text())}
    told = set(re.findall(r"^\| `(COURSE_[A-Z_]+)` \|", COMMAND_LINE, re.MULTILINE))
    assert used == told


def test_every_operation_is_told() -> None:
    told = set(re.findall(r"^\| ([A-Z]\w+) \|", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE))
    ours = {service for services in OURS.values() for service in services}
    assert told == {name for service, name in OPERATIONS if service in ours}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:course|docs|tests|bench|source|release)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_every_target_of_make_is_called_as_the_docs_say() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    for page in PAGES:
        assert set(re.findall(r"`make ([.\w]+)", page.read_text(encoding="utf-8"))) <= targets, page.name


def test_the_readme_names_the_pythons_of_the_environment() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11, 3.12 or 3.13" in (ROOT / "README.md").read_text(encoding="utf-8")
