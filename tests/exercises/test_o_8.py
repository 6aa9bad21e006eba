import ast
from pathlib import Path

import nbformat
import pytest

from course import syllabus
from course.exercises import o_8, txguard
from course.learn import exercise

ROOT = Path(__file__).resolve().parents[2]
CALLS = [
    "create_bucket", "upload_file", "upload_file", "create_training_job", "describe_training_job", "create_model",
    "create_endpoint_config", "create_endpoint", "invoke_endpoint", "delete_endpoint", "delete_endpoint_config",
    "delete_model",
]  # fmt: skip


@pytest.fixture(scope="module")
def cells():
    source = nbformat.read(ROOT / "source" / "d0_orientation" / "d0_orientation.ipynb", as_version=4)
    return {cell.id: cell for cell in source.cells}


def calls_of(source):
    """The calls on clients in a cell, in order; waiters and making clients are none."""
    called = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    methods = [func for func in called if isinstance(func, ast.Attribute)]
    named = sorted((f.lineno, f.attr) for f in methods if ast.unparse(f.value) in ("s3", "sm", "runtime"))
    return [name for _, name in named if name != "get_waiter"]


def test_the_worked_example_is_twelve_calls_and_each_cell_says_which(cells):
    made = []
    for id, cell in cells.items():
        if id.startswith("o-8-call-"):
            numbers = [int(part) for part in id.removeprefix("o-8-call-").split("-")]
            first, last = numbers[0], numbers[-1]
            calls = calls_of(cell.source)
            assert len(calls) == last - first + 1 and len(made) == first - 1, id
            made += calls
    assert made == CALLS


def test_points_worlds_and_hints_agree_with_the_syllabus_and_with_each_other():
    entry, found = syllabus.load().exercise("O-8"), exercise.find("O-8")
    assert sum(probe.points for probe in found.probes) == entry.points
    assert set(found.worlds) == set(entry.worlds)
    assert {probe.hint for probe in found.probes} <= set(o_8.HINTS)
    said = (ROOT / "course" / "exercises" / "o_8.py").read_text()
    assert all(said.count(f'"{hint}"') >= 2 for hint in o_8.HINTS), "a hint that nothing says"
    assert all(hint.startswith("o-8-") for hint in o_8.HINTS)


def test_what_to_read_again_is_in_the_notebook(cells):
    prose = "\n".join(cell.source for cell in cells.values() if cell.cell_type == "markdown").lower()
    for id, hint in o_8.HINTS.items():
        for part in hint.read.lower().split(", "):
            part = part.removeprefix("the ").replace("calls 10 to 12", "**calls 10 to 12")
            assert part in prose, (id, hint.read)


def test_the_rows_to_score_are_doubtful_and_not_in_the_table(tmp_path):
    for seed in range(5):
        first, second = o_8.rows_to_score(seed)
        assert first != second and len(first.split(",")) == len(second.split(",")) == 8
        assert o_8.rows_to_score(seed) == (first, second)
        assert first not in txguard.write_table(tmp_path / "t.csv", seed, o_8.ROWS).read_text()


def test_the_packed_script_is_the_notebook_models(tmp_path):
    import tarfile

    with tarfile.open(txguard.pack_script(tmp_path / "a.tar.gz")) as archive:
        assert archive.getnames() == ["train.py"]
        assert b"def model_fn" in archive.extractfile("train.py").read()
