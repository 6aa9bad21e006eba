"""What is noted of a learner's way, who notes it, what the map makes of it, and how it is taken along or deleted."""

import json
import re
import subprocess
import sys

import pytest

from course import syllabus
from course.exam import bank
from course.learn import bridges, progress, progress_store, show_confidence, show_map
from course.learn.told import Told

from .reader import *  # noqa: F403

ITEM = bank.find("o-1-format")


def noted(reader):
    return json.loads((reader.work / ".course" / "progress.json").read_text())


def status(reader, exercise):
    return {place.id: place.status for place in progress._places(noted(reader))}[exercise]


def test_without_a_reader_nothing_is_noted_and_nothing_read(folder, capsys):
    (folder.parent / ".course" / "progress.json").write_text("{broken")
    progress.begun("O-8")
    progress.checked("O-8", 7, 4, 4)
    progress.answered(ITEM, 0.0, 75)
    show_map()
    assert "O-8    One crossing in twelve calls" in capsys.readouterr().out
    assert (folder.parent / ".course" / "progress.json").read_text() == "{broken"
    assert progress.due() == []


def test_an_exercise_is_open_begun_done_and_mastered_on_another_seed(reader):
    progress.begun("O-1")
    assert status(reader, "O-8") == bridges.OPEN
    progress.begun("O-8")
    assert status(reader, "O-8") == bridges.BEGUN
    progress.checked("O-8", 7, 3, 4)
    assert status(reader, "O-8") == bridges.BEGUN
    progress.checked("O-8", 7, 4, 4)
    progress.checked("O-8", 7, 4, 4)
    assert status(reader, "O-8") == bridges.DONE
    progress.checked("O-8", 8, 4, 4)
    assert status(reader, "O-8") == bridges.MASTERED
    progress.checked("O-8", 9, 0, 4)
    assert status(reader, "O-8") == bridges.MASTERED, "what is mastered stays so"


def test_a_sitting_lasts_until_a_pause_of_four_hours(reader):
    for hours, sitting in ((0, 1), (3.9, 1), (3.9, 1), (4, 2), (100, 3), (0, 3)):
        reader.pauses(hours)
        progress.begun("O-8")
        assert noted(reader)["sittings"]["count"] == sitting


def test_two_notebooks_note_at_once_and_nothing_is_lost(reader):
    code = (
        "from course.learn import progress\nfor n in range(40): progress.checked('O-8', int('{}') * 1000 + n, 4, 4)\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code.format(n)], cwd=reader.folder) for n in (1, 2, 3)]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert len(noted(reader)["exercises"]["O-8"]["passes"]) == 120


def test_a_notebook_alone_has_its_store_beside_it(reader):
    (reader.work / ".course").rmdir()
    progress.begun("O-8")
    assert (reader.folder / ".course" / "progress.json").is_file()


def test_what_cannot_be_noted_is_said_and_costs_nothing_else(reader, capsys):
    (reader.work / ".course" / "progress.json").write_text("{")
    progress.checked("O-8", 7, 4, 4)
    assert "move it away, and your progress is noted anew" in capsys.readouterr().out
    (reader.work / ".course" / ".progress.lock").unlink()
    (reader.work / ".course" / ".progress.lock").mkdir()
    progress.begun("O-8")
    assert "Your progress cannot be noted" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["{", "[]", '{"answers": {}}', '{"due": 3}'])
def test_a_broken_store_is_said(reader, text):
    (reader.work / ".course" / "progress.json").write_text(text)
    with pytest.raises(Told, match="move it away"):
        show_map()


def test_the_map_tells_bridges_domains_exercises_and_where_to_go_on(reader, capsys):
    progress.checked("O-8", 7, 4, 4)
    progress.checked("O-8", 8, 4, 4)
    progress.begun("O-2")
    progress.answered(ITEM, 0.0, 95)
    reader.pauses(5)
    show_map()
    said = capsys.readouterr().out
    of = sum(5 in exercise.bridge for exercise in syllabus.load().exercises)
    assert f"  5 Operations                      1 of {of} done, 1 mastered" in said
    assert "D3 Deployment and orchestration" in said
    assert "◆ O-8    One crossing in twelve calls" in said and "mastered" in said
    assert "1 question comes back" in said and "Go on with O-2" in said
    assert (
        "D1 Data preparation                95 % sure,   0 % right in 1: too few answers" in " ".join([said])
        or "95 % sure" in said
    )


def test_the_map_as_a_page_links_to_this_notebook_and_needs_no_colour(reader):
    progress.checked("O-8", 7, 4, 4)
    places = progress._places(noted(reader))
    page = bridges.html_map(places, places, [], places[0], linked=True)
    assert '<a href="#O-8-One-crossing-in-twelve-calls">' in page
    assert 'role="img"' in page and "1 Data pipeline: 1 of" in page and "✓ done" in page
    assert page.count("<svg") == page.count("</svg>") == 1
    assert "<a " not in bridges.html_map(places, places, [], None, linked=False)
    assert "Everything here is done." in bridges.html_map(places, places, [], None, linked=False)


def test_one_goes_on_with_what_is_begun_then_with_the_next(reader):
    ids = [exercise.id for exercise in syllabus.load().exercises]

    def on():
        place = progress._going_on(noted(reader), progress._places(noted(reader)))
        return place.id if place else None

    progress.begun(ids[1])
    assert on() == ids[1]
    progress.checked(ids[1], 7, 4, 4)
    assert on() == ids[2]
    progress.begun(ids[-1])
    progress.checked(ids[-1], 7, 4, 4)
    assert on() == ids[0], "after the last one, what was left out"
    for id in ids:
        progress.checked(id, 7, 4, 4)
    assert on() is None


@pytest.mark.parametrize(
    ("confidence", "share", "words"),
    [(95, 0.2, "surer than right"), (25, 0.9, "more right than sure"), (75, 0.7, "you judge yourself well here")],
)
def test_calibration_is_told_in_words(reader, confidence, share, words):
    for _ in range(3):
        progress.answered(ITEM, share, confidence)
    (calibration,) = progress._calibration(noted(reader)["answers"])
    assert (calibration.domain, calibration.answers, calibration.words) == (1, 3, words)


def test_a_pretest_shows_how_sure_and_how_right(folder, capsys):
    show_confidence("O-1")
    assert "No question of O-1 is answered yet" in capsys.readouterr().out
    entries = {"o-1-format": (["parquet"], 75), "o-1-encode": (["label"], 95), "o-1-metric": (["cost"], None)}
    answers = {id: {"choice": choice, "version": 1, "confidence": sure} for id, (choice, sure) in entries.items()}
    (folder / "answers.json").write_text(json.dumps({"answers": answers}))
    show_confidence("O-1")
    said = capsys.readouterr().out
    assert "D1 Data preparation               85 % sure,  50 % right in 2" in said and "D2" not in said
    assert "What you missed is practised in D1-07." in said


def test_the_report_is_the_map_of_a_folder(reader):
    assert "0 of" in progress.report(reader.work) and "Go on with O-1" in progress.report(reader.work)
    progress.checked("O-8", 7, 4, 4)
    assert "✓ O-8" in progress.report(reader.work)


def test_progress_is_exported_whole_and_never_over_a_file(reader):
    target = reader.work.parent / "mine.json"
    with pytest.raises(Told, match="Nothing is noted"):
        progress.export(reader.work, target)
    progress.checked("O-8", 7, 4, 4)
    progress.export(reader.work, target)
    assert json.loads(target.read_text()) == noted(reader)
    with pytest.raises(Told, match="is there already"):
        progress.export(reader.work, target)
    with pytest.raises(Told, match="cannot be written"):
        progress.export(reader.work, reader.work / "no such folder" / "mine.json")


def test_progress_is_deleted_and_answers_are_not(reader):
    progress.checked("O-8", 7, 4, 4)
    (reader.folder / "answers.json").write_text("{}")
    (reader.work / ".course" / "state.json").write_text("{}")
    assert progress.delete(reader.work) is True
    assert [path.name for path in (reader.work / ".course").iterdir()] == ["state.json"]
    assert (reader.folder / "answers.json").is_file()
    assert progress.delete(reader.work) is False
    assert progress_store.read(progress_store.of_work(reader.work))["exercises"] == {}


def test_pictures_read_well_where_their_tags_are_taken_away(reader):
    progress.checked("O-8", 7, 4, 4)
    places = progress._places(noted(reader))
    calibration = [bridges.Calibration(1, 5, 80, 40), bridges.Calibration(3, 4, 50, 55)]
    page = bridges.html_map(places, places, calibration, None, linked=True)
    read = " ".join(re.sub(r"<[^>]*>", "", page).split())
    of = sum(1 in exercise.bridge for exercise in syllabus.load().exercises)
    assert f"notebook; 1 Data 1 of {of} done; 2 Training" in read and "done; production" in read
    assert "80 % sure 40 % right surer than right; D3 Deployment" in read
