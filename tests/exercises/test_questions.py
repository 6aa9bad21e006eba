"""O-1, O-6 and O-7: what the exercises made of questions agree with the syllabus, their items and their notebook."""

import json
from pathlib import Path

import nbformat
import pytest

from course import syllabus
from course.exam import bank
from course.exercises import o_1, o_6, o_7
from course.learn import exercise, quiz_results

ROOT = Path(__file__).resolve().parents[2]
MODULES = {"O-1": o_1, "O-6": o_6, "O-7": o_7}


@pytest.fixture(scope="module")
def cells():
    source = nbformat.read(ROOT / "source" / "d0_orientation" / "d0_orientation.ipynb", as_version=4)
    return [cell for cell in source.cells if cell.metadata.get("course", {}).get("exercise") in MODULES]


@pytest.fixture
def answered(tmp_path, monkeypatch):
    """Hands in answers, by item id."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_ATTEMPT", raising=False)

    def hand_in(**changes):
        authors = json.loads((ROOT / "tests" / "answers" / "d0_orientation.json").read_text())["answers"]
        merged = {**authors, **{id.replace("_", "-"): answer for id, answer in changes.items()}}
        kept = {id: answer for id, answer in merged.items() if answer is not None}
        (tmp_path / "answers.json").write_text(json.dumps({"version": 1, "answers": kept}))

    return hand_in


@pytest.mark.parametrize("id", MODULES)
def test_points_hints_and_cells_agree(id, cells):
    entry, found = syllabus.load().exercise(id), exercise.find(id)
    own = [cell for cell in cells if cell.metadata.course.exercise == id]
    graded = {
        c.metadata.course.part: c.metadata.nbgrader.points for c in own if c.metadata.get("nbgrader", {}).get("grade")
    }
    assert graded["check"] == sum(probe.points for probe in found.probes) and sum(graded.values()) == entry.points
    assert not entry.replay and entry.mode.startswith("quiz") and not entry.worlds
    said = Path(MODULES[id].__file__).read_text()
    assert all(said.count(f'"{hint}"') >= 2 for hint in MODULES[id].HINTS), "a hint that nothing says"
    prose = "\n".join(cell.source for cell in own if cell.cell_type == "markdown").lower()
    assert all(hint.read.lower() in prose for hint in MODULES[id].HINTS.values())


def test_the_author_answers_every_question_and_the_last_two_quizzes_rightly(answered):
    answered()
    for id in MODULES:
        assert all(one.verdict is not None for one in quiz_results.marked(id))
    assert all(one.verdict.right for id in ("O-6", "O-7") for one in quiz_results.marked(id))


def test_without_answers_every_probe_says_that_nothing_is_handed_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for module in MODULES.values():
        findings = [probe.run(None) for probe in module.PROBES]
        assert {finding.hint for finding in findings} == {"quiz-not-handed-in"} and not any(f.points for f in findings)


def test_always_infrastructure_fails_both_counter_examples(answered):
    infrastructure = {
        "o-7-new-trick": ("feed", "scale", "rollback"),
        "o-7-not-good-yet": ("ship", "more-machines", "monitor"),
    }
    assert set(infrastructure) == o_7.MODEL
    for id, choices in infrastructure.items():
        assert {*choices} == {option.id for option in bank.find(id).options if not option.right}
        for choice in choices:
            answered(**{id.replace("-", "_"): {"choice": [choice], "version": 1, "confidence": 95}})
            finding = o_7.model_cases.run(None)
            assert (finding.points, finding.hint) == (0, "o-7-never-the-model") and o_7.system_cases.run(
                None
            ).points == 2


def test_what_is_typed_into_the_file_never_breaks_a_check(answered):
    for junk in (None, 3, [], {"renamed": 3}, {"renamed": ["5"]}, "x"):
        answered(o_6_hand_1={"choice": junk, "version": 1}, o_7_idle={"choice": junk}, o_1_slow={"choice": junk})
        for module in MODULES.values():
            assert all(probe.run(None).hint != "check-broken" for probe in module.PROBES)


def test_a_start_says_how_much_there_is():
    assert o_1.start(None, 1) == {"questions": 12}
    assert o_6.start(None, 1) == {"cards": 20, "needed": 18}
    assert o_7.start(None, 1) == {"cases": 8, "words": 80}
