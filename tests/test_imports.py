"""Who may import whom, and that every package we import is one we ask for."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter.application import use_cases
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def name(requirement: str) -> str:
    """The normalised name of a requirement: "scikit-learn==1.9.1" gives "scikit-learn"."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0].lower())


EXTRAS = PROJECT["optional-dependencies"]
DECLARED = {name(requirement) for requirement in [*PROJECT["dependencies"], *EXTRAS["cluster"]]}


def test_no_room_imports_what_it_must_not(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_the_rules_are_not_empty() -> None:
    options = use_cases.read_user_options(config_filename=str(ROOT / "pyproject.toml"))
    assert len(options.contracts_options) >= 6


def test_every_imported_package_is_a_declared_dependency() -> None:
    """A package that is there only because another one needs it may go with that one's next version."""
    providers = packages_distributions()
    ours = set(sys.stdlib_module_names) | {"course"}
    packed = ROOT / "course" / "exercises" / "scripts"  # for jobs, where these files lie side by side
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / "course").rglob("*.py")
        for module in imported(path)
        - ours
        - ({p.stem for p in packed.glob("*.py")} | {"train"} if path.parent == packed else set())
        if not {name(distribution) for distribution in providers.get(module, [module])} & DECLARED
    }
    assert missing == set()


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    from_ = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    return {module.partition(".")[0] for module in plain | from_ if module}
