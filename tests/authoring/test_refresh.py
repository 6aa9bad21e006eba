"""Refreshing stores what a run gives; checking finds a stored notebook that differs, cell by cell."""

import os
from pathlib import Path

import pytest
from nbformat import from_dict

from course.authoring import notebook, refresh
from course.authoring.fault import Fault

from . import fixture_course
from .fixture_course import cell, stream

pytestmark = pytest.mark.usefixtures("learn")


def change(path: Path, which: str, /, **values: object) -> None:
    node = notebook.read(path).node
    cell(node, which).update(values)
    notebook.write(path, node)


def only(faults: list[Fault]) -> Fault:
    (fault,) = faults
    return fault


def test_a_fresh_notebook_is_fresh_and_a_run_leaves_it_alone(root: Path, source: Path) -> None:
    before = source.read_bytes()
    assert refresh.run(root, check=True) == []
    assert refresh.run(root) == []
    assert source.read_bytes() == before
    assert sorted(p.name for p in source.parent.iterdir()) == [source.name]


def test_a_stale_output_is_one_fault_with_its_diff_and_refreshing_cures_it(root: Path, source: Path) -> None:
    fresh = source.read_bytes()
    change(source, "o-8-worked", outputs=[from_dict(stream("another\n"))], execution_count=3)
    fault = only(refresh.run(root, check=True))
    assert (fault.path, fault.cell) == ("source/d0_orientation/d0_orientation.ipynb", "o-8-worked")
    assert fault.message == "its output is stored as another, and now is txguard: run `course refresh`"
    assert '-      "another\\n"' in fault.detail and '+      "txguard\\n"' in fault.detail
    assert refresh.run(root) == [] and source.read_bytes() == fresh


def test_another_spelling_of_the_same_notebook_is_a_fault_of_the_file(root: Path, source: Path) -> None:
    source.write_text(source.read_text() + "\n")
    assert only(refresh.run(root, check=True)).cell == "-"


def test_a_cell_that_raises_is_named_and_nothing_is_written(root: Path, source: Path) -> None:
    change(source, "o-8-worked", source='raise ValueError("the bridge is closed")')
    before = source.read_bytes()
    fault = only(refresh.run(root))
    assert fault.cell == "o-8-worked" and fault.message == "does not run: ValueError: the bridge is closed"
    assert "Traceback" in fault.detail and source.read_bytes() == before


def test_a_cell_that_kills_its_kernel_is_named(root: Path, source: Path) -> None:
    change(source, "o-8-worked", source="import os\nos._exit(3)")
    fault = only(refresh.run(root))
    assert fault.cell == "o-8-worked" and "its kernel died" in fault.message


def test_a_run_is_deterministic_and_sees_no_lab(root: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_LAB_SOCKETS", "/nowhere")
    monkeypatch.setenv("AWS_PROFILE", "own")
    text = 'import os\nprint(sorted(k for k in os.environ if k[:4] in ("COUR", "AWS_")))\nprint(list({"a", "b"}))'
    change(source, "o-8-worked", source=text)
    assert refresh.run(root) == []
    first = source.read_bytes()
    assert cell(notebook.read(source).node, "o-8-worked").outputs[0].text.startswith("[]\n")
    assert refresh.run(root) == [] and source.read_bytes() == first


def test_what_a_cell_writes_stays_out_of_source_and_the_authors_answers_are_beside_it(root: Path, source: Path) -> None:
    answers = root / "tests" / "answers"
    answers.mkdir(parents=True)
    (answers / "d0_orientation.json").write_text('{"a": 1}')
    change(source, "o-8-worked", source='print(open("answers.json").read())\nprint(open("new", "w").write("x"))')
    assert refresh.run(root) == []
    assert cell(notebook.read(source).node, "o-8-worked").outputs[0].text == '{"a": 1}\n1\n'
    assert os.listdir(source.parent) == [source.name]


def test_ids_that_nobody_chose_are_refused_before_anything_runs(root: Path, source: Path) -> None:
    change(source, "o-8-takeaway", id="3f2b9c1e")
    fault = only(refresh.run(root))
    assert fault.cell == "3f2b9c1e" and "name the cell" in fault.message


def test_what_is_no_notebook_and_a_course_without_any(tmp_path: Path) -> None:
    assert "no notebook found" in only(refresh.run(tmp_path)).message
    fixture_course.write(tmp_path).write_text("print(1)")
    assert "is not a notebook" in only(refresh.run(tmp_path)).message
