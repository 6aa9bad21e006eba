"""What stored work hands in as answers: the author's, changed where the work differs; blank work nothing."""

import json

import pytest

from course.authoring import submissions
from course.authoring.submissions import SubmissionError


@pytest.fixture
def authors(tmp_path):
    path = tmp_path / "authors.json"
    answers = {"o-7-idle": {"choice": ["fit"]}, "o-7-cents": {"choice": ["compare"]}}
    path.write_text(json.dumps({"version": 1, "answers": answers}))
    return path


def test_right_work_hands_in_the_authors_answers_and_blank_work_none(authors, tmp_path):
    right = json.loads(submissions.solution(4).answered(authors))
    assert set(right["answers"]) == {"o-7-idle", "o-7-cents"}
    assert submissions.blank([]).answered(authors) is None
    assert json.loads(submissions.solution(4).answered(tmp_path / "none.json")) == {"version": 1, "answers": {}}


def test_a_mistake_changes_some_answers_and_takes_others_away(authors, tmp_path):
    stored = tmp_path / "mistake.py"
    stored.write_text('# score = 2\n# %% answers.json\n{"o-7-cents": {"choice": ["retrain"]}, "o-7-idle": null}\n')
    work = submissions.read(stored)
    assert work.cells == {}
    handed_in = json.loads(work.answered(authors))
    assert handed_in == {"version": 1, "answers": {"o-7-cents": {"choice": ["retrain"]}}}


def test_answers_that_are_no_json_are_said(tmp_path):
    stored = tmp_path / "broken.py"
    stored.write_text("# score = 2\n# %% answers.json\n{oops\n")
    with pytest.raises(SubmissionError, match=r"section answers\.json is not JSON"):
        submissions.read(stored)
