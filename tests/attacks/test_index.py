"""The table in README.md: every attack that grading must withstand has a test, and every test that it names exists."""

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.attacks import files, messages, objects, processes, replays, shells

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STORED = {
    f"{module.__name__.rpartition('.')[2]}.py": module.ATTACKS
    for module in (files, messages, objects, processes, replays, shells)
}
# What people try, as the project knows it. An attack that is added here needs a row and a test.
LIST = (
    "input transformers", "hooks", "patched builtins and library functions", "objects equal to everything",
    "frame and handler globals", "tests read from disk", "tests read from memory", "tests read from history",
    "tests read over the network", "the gradebook written", "signals to parents", "left-over processes", "fork bombs",
    "10 GB", "100 MB of output", "a full disk", "forged outputs", "forged messages", "sys.exit", "os._exit",
    "loops that ignore interrupts", "deleted cells", "edited cells", "duplicated cells", "renamed cells",
    "retyped cells", "stripped cells", "points of one's own", "other kernels", "truncated JSON", "deeply nested JSON",
    "NaN JSON", "symlinks", "zip bombs", "traversal", "XSS in text", "XSS in outputs", "XSS in SVG", "XSS in names",
    "another submission's cloud", "forged answers.json", "races in replay",
)  # fmt: skip
ROWS = {
    attack: re.findall(r"`([^`]+)`", tests)
    for attack, tests in re.findall(r"^\| ([^|`]+?) \| (`[^|]*) \|$", (HERE / "README.md").read_text(), re.MULTILINE)
}


@functools.cache
def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("attack", LIST)
def test_every_attack_has_a_test(attack):
    assert ROWS.get(attack), f"tests/attacks/README.md names no test of: {attack}"


@pytest.mark.parametrize("attack", ROWS)
def test_every_test_that_is_named_is_there(attack):
    assert attack in LIST
    for test in ROWS[attack]:
        place, colons, name = test.partition("::")
        if colons:
            assert name in _functions(ROOT / place), test
        else:
            module, _, key = test.partition(": ")
            assert key in STORED[module], test


def test_every_family_is_told():
    told = (HERE / "README.md").read_text()
    assert all(f"| `{module}` |" in told for module in STORED)
