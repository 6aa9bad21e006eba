"""Released notebooks reach work/, and a learner's file is never lost."""

import json
from pathlib import Path

import pytest

from course.errors import CourseError
from course.handout import STATE, hand_out

NAME = "d0_orientation/d0_orientation.ipynb"


def release(root: Path, **exercises: str) -> Path:
    """A release with one notebook: an exercise per keyword, its text as the only cell."""
    cells = [
        {"cell_type": "markdown", "metadata": {"course": {"exercise": id}}, "source": text}
        for id, text in exercises.items()
    ]
    path = root / "release" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells}))
    return root / "release"


def test_a_first_start_copies_everything(tmp_path: Path) -> None:
    released = release(tmp_path, one="a")
    (released / "d0_orientation" / "data").mkdir()
    (released / "d0_orientation" / "data" / "rows.csv").write_text("1")
    news = hand_out(released, tmp_path / "work")
    assert set(news) == {"New in work/: d0_orientation/data/rows.csv", f"New in work/: {NAME}"}
    assert (tmp_path / "work" / NAME).read_bytes() == (released / NAME).read_bytes()


def test_a_second_start_says_nothing(tmp_path: Path) -> None:
    released = release(tmp_path, one="a")
    hand_out(released, tmp_path / "work")
    assert hand_out(released, tmp_path / "work") == []


def test_a_learners_file_is_kept_and_what_is_new_is_said(tmp_path: Path) -> None:
    hand_out(release(tmp_path, one="a", two="b"), tmp_path / "work")
    mine = tmp_path / "work" / NAME
    mine.write_text("my work")
    said = f"{NAME} has changed (new: three; changed: two). Your copy is kept; the new one is release/{NAME}"
    for _ in range(2):  # until the learner has done something about it
        assert hand_out(release(tmp_path, one="a", two="c", three="d"), tmp_path / "work") == [said]
    assert mine.read_text() == "my work"


def test_an_untouched_copy_follows_the_release(tmp_path: Path) -> None:
    hand_out(release(tmp_path, one="a"), tmp_path / "work")
    new = release(tmp_path, one="a", two="b")
    assert hand_out(new, tmp_path / "work") == [f"Updated in work/: {NAME} (new: two)"]
    assert (tmp_path / "work" / NAME).read_bytes() == (new / NAME).read_bytes()
    assert hand_out(new, tmp_path / "work") == []


def test_a_file_that_was_there_before_is_never_exchanged(tmp_path: Path) -> None:
    mine = tmp_path / "work" / NAME
    mine.parent.mkdir(parents=True)
    mine.write_text("older than the course")
    hand_out(release(tmp_path, one="a"), tmp_path / "work")
    hand_out(release(tmp_path, one="b"), tmp_path / "work")
    assert mine.read_text() == "older than the course"


@pytest.mark.parametrize("state", ["", "[]", "{", '{"d0_orientation/d0_orientation.ipynb": 3}'])
def test_a_damaged_record_loses_nothing(tmp_path: Path, state: str) -> None:
    hand_out(release(tmp_path, one="a"), tmp_path / "work")
    (tmp_path / "work" / NAME).write_text("my work")
    (tmp_path / "work" / STATE).write_text(state)
    hand_out(release(tmp_path, one="b"), tmp_path / "work")
    assert (tmp_path / "work" / NAME).read_text() == "my work"


def test_a_link_in_work_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "work" / NAME
    mine.parent.mkdir(parents=True)
    mine.symlink_to(tmp_path / "nowhere")
    assert hand_out(release(tmp_path, one="a"), tmp_path / "work") == []
    assert not (tmp_path / "nowhere").exists()


def test_a_work_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file where the folder should be")
    with pytest.raises(CourseError, match=r"cannot be written .*: make .*work a folder that you may write to\.$"):
        hand_out(release(tmp_path, one="a"), tmp_path / "work")
