"""The canonical form drops what differs from run to run, and a notebook answers questions about its exercises."""

from pathlib import Path

import nbformat
import pytest

from course import __version__
from course.authoring import notebook

from . import fixture_course
from .fixture_course import cell, code, result, stream


def test_reading_and_writing_a_canonical_notebook_changes_nothing(source: Path) -> None:
    before = source.read_bytes()
    notebook.write(source, notebook.canonical(notebook.read(source).node))
    assert source.read_bytes() == before
    assert before.endswith(b"}\n") and before.startswith(b'{\n "cells": [\n')


def test_the_canonical_form_drops_what_a_run_leaves() -> None:
    node = fixture_course.correct()
    node.metadata.widgets = {"state": {}}
    node.metadata.language_info.version = "3.11.7"
    worked = cell(node, "o-8-worked")
    worked.execution_count = 12
    worked.metadata.execution = {"iopub.execute_input": "now"}
    widget = {notebook.WIDGET_VIEW: {"model_id": "7"}}
    worked.outputs = [
        nbformat.from_dict(output)
        for output in (
            stream("a"),
            stream("b\n"),
            stream("careful\n", "stderr"),
            stream("c\n"),
            {"output_type": "display_data", "data": widget, "metadata": {}},
            {"output_type": "display_data", "data": {**widget, "text/plain": "HBox()"}, "metadata": {"a": 1}},
            result("<Figure size 1x1 with 1 Axes>", **{"image/png": "AAAA"}) | {"execution_count": 12},
            {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["\x1b[31m/tmp/x.py"]},
        )
    ]
    canonical = notebook.canonical(node)
    stamp = {"version": __version__}
    assert canonical.metadata == {
        "course": stamp,
        "kernelspec": notebook.KERNELSPEC,
        "language_info": {"name": "python"},
    }
    cleaned = cell(canonical, "o-8-worked")
    assert cleaned.execution_count == 1 and set(cleaned.metadata) == {"course"}
    assert cleaned.outputs == [
        stream("ab\n"),
        stream("careful\n", "stderr"),
        stream("c\n"),
        {"output_type": "display_data", "data": {"text/plain": "HBox()"}, "metadata": {}},
        result("<Figure size 1x1 with 1 Axes>"),
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["ValueError: no"]},
    ]
    nbformat.validate(canonical)
    assert notebook.canonical(canonical) == canonical


def test_an_exercise_is_its_cells_and_its_region_runs_from_begin_to_check(source: Path) -> None:
    book = notebook.read(source)
    assert book.exercises() == ["O-8"]
    assert [c.id for c in book.region("O-8")] == ["o-8-begin", "o-8-worked", "o-8-prompt", "o-8-blank", "o-8-check"]
    assert book.region("O-9") == [] and len(book.of("O-8")) == 8


def test_a_stub_is_what_nbgrader_leaves() -> None:
    blank = cell(fixture_course.correct(), "o-8-blank")
    assert notebook.stub_of(blank) == "name = None\n# your code here"
    assert notebook.solution_lines(blank) == ['name = x.bucket + "-crossing-solved"']
    indented = code("a-b", "def f(n):\n    ### BEGIN SOLUTION\n    return n\n    ### END SOLUTION\n\nf")
    assert notebook.stub_of(nbformat.from_dict(indented), "pass") == "def f(n):\n    pass\n\nf"


def test_the_public_check_lacks_its_hidden_part() -> None:
    check = cell(fixture_course.correct(), "o-8-check")
    assert notebook.public_of(check).endswith('check("O-8", name=name)')


@pytest.mark.parametrize("id", ["o-8-check", "title", "d3-07-blank-2"])
def test_a_chosen_id_is_a_slug(id: str) -> None:
    assert notebook.is_slug(id)


@pytest.mark.parametrize("id", ["", "O-8", "o_8", "8-o", "o--8", "deadbeef", "b1f2b9c1-aaaa-4bbb-8ccc-0123456789ab"])
def test_an_editors_id_is_none(id: str) -> None:
    assert not notebook.is_slug(id)


def test_a_missing_notebook_says_so(tmp_path: Path) -> None:
    with pytest.raises(notebook.NotebookError, match="does not exist"):
        notebook.read(tmp_path / "none.ipynb")
