"""Every rule notices its broken notebooks, says where and what, and leaves the correct one alone."""

import re
from pathlib import Path

import pytest

from course import syllabus
from course.authoring import lint, notebook
from course.authoring.fault import Fault

from . import fixture_course
from .broken import BROKEN, FIGURE, Broken, insert, metadata, outputs
from .fixture_course import cell, prose, stream


def test_the_correct_notebook_is_clean(root: Path) -> None:
    assert lint.run(root) == []


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_notebook_is_noticed(tmp_path: Path, broken: Broken) -> None:
    path = broken.write(tmp_path)
    faults = lint.lint(path, lint.load_syllabus(tmp_path), root=tmp_path)
    mine = [fault for fault in faults if fault.rule == broken.rule and fault.cell == broken.where]
    assert any(broken.says in fault.message for fault in mine), "\n".join(map(str, faults))
    assert {fault.rule for fault in faults} <= {broken.rule, *broken.also}, "\n".join(map(str, faults))


def test_every_rule_has_a_broken_notebook() -> None:
    assert {broken.rule for broken in BROKEN.values()} == set(lint.RULES)


def test_every_rule_tells_itself_in_one_sentence() -> None:
    for name, sentence in lint.descriptions().items():
        assert re.fullmatch(r"[A-Z`].*[^.]\.", sentence) and not re.search(r"\. [A-Z]", sentence), name
        assert "\n" not in (lint.RULES[name].__doc__ or ""), name


def test_a_fault_is_one_line() -> None:
    assert (
        str(Fault("source/a/a.ipynb", "o-8-check", "names", "checks n"))
        == "source/a/a.ipynb:o-8-check: names: checks n"
    )


def test_faults_come_in_the_order_of_the_cells(tmp_path: Path) -> None:
    node = fixture_course.correct()
    cell(node, "o-8-takeaway").source = "Open 127.0.0.1."
    cell(node, "imports").source = "class A: pass"
    fixture_course.write(tmp_path, node)
    assert [fault.cell for fault in lint.run(tmp_path)] == ["imports", "o-8-takeaway"]


def test_an_excuse_holds_with_a_reason_and_where_it_is_needed(tmp_path: Path) -> None:
    def allow(id: str, **rules: str) -> list[str]:
        node = fixture_course.correct()
        cell(node, "o-8-worked").outputs[0].text = "2026-11-20 10:22\n"
        metadata(id, "course", allow=rules)(node)
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        fixture_course.write(root, node)
        return [f"{fault.rule} {fault.message}" for fault in lint.run(root)]

    assert allow("o-8-worked", stable="the data's own times") == []
    assert [line.split()[0] for line in allow("o-8-worked", stable=" ")] == ["stable", "allow"]
    assert any("not needed" in line for line in allow("o-8-takeaway", stable="no output here"))
    assert any("no rule 'colour'" in line for line in allow("o-8-worked", colour="red", stable="the data's"))


def test_a_picture_may_be_told_beside_or_below(tmp_path: Path) -> None:
    below, beside = fixture_course.correct(), fixture_course.correct()
    outputs("o-8-worked", FIGURE)(below)
    insert("o-8-worked", prose("o-8-picture", "Fraud rises every night until about four.", "picture", "O-8"))(below)
    outputs("o-8-worked", stream("Fraud rises every night until about four.\n"), FIGURE)(beside)
    fixture_course.write(tmp_path / "below", below)
    fixture_course.write(tmp_path / "beside", beside)
    assert lint.run(tmp_path / "below") == lint.run(tmp_path / "beside") == []


def test_a_stub_may_show_none_hand_it_on_and_ask_whether_it_is_there(tmp_path: Path) -> None:
    node = fixture_course.correct()
    cell(node, "o-8-blank").source += "\nprint(name)\nif name:\n    s3.create_bucket(Bucket=name)"
    fixture_course.write(tmp_path, node)
    assert lint.run(tmp_path) == []


def test_exercises_stand_as_in_the_syllabus(tmp_path: Path) -> None:
    node = fixture_course.correct()
    node.cells += [c for c in fixture_course.correct().cells if c.id.startswith("o-8")]
    for c in node.cells[-8:]:
        c.id = c.id.replace("o-8", "o-1")
        c.metadata.course.exercise = "O-1"
    fixture_course.write(tmp_path, node)
    toml = tmp_path / "course" / "syllabus.toml"
    head, eight = toml.read_text().split("[[exercise]]")
    toml.write_text(head + "[[exercise]]" + eight.replace("O-8", "O-1") + "[[exercise]]" + eight)
    assert any(f.rule == "order" and "the syllabus has O-1, O-8" in f.message for f in lint.run(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "is not a notebook"), ("{}", "is not a notebook"), ('{"nbformat": 3, "nbformat_minor": 0}', "")],
)
def test_what_is_no_notebook_is_one_fault(tmp_path: Path, text: str, says: str) -> None:
    path = fixture_course.write(tmp_path)
    path.write_text(text)
    (fault,) = lint.run(tmp_path)
    assert says in fault.message and "\n" not in str(fault)


def test_an_old_notebook_format_is_refused(tmp_path: Path) -> None:
    path = fixture_course.write(tmp_path)
    path.write_text(path.read_text().replace('"nbformat_minor": 5', '"nbformat_minor": 2'))
    with pytest.raises(notebook.NotebookError, match=r"4\.2.*save it as 4\.5"):
        notebook.read(path)


def test_a_missing_notebook_and_a_wrong_syllabus_are_faults(tmp_path: Path) -> None:
    fixture_course.write(tmp_path).unlink()
    (fault,) = lint.run(tmp_path)
    assert "it is missing" in fault.message
    toml = tmp_path / "course" / "syllabus.toml"
    toml.write_text(toml.read_text().replace("minutes = 20", "minutes = 200"))
    syllabus.load.cache_clear()  # it is read once per process, and nobody else changes it
    (fault,) = lint.run(tmp_path)
    assert fault.rule == "syllabus" and "200 minutes" in fault.message
