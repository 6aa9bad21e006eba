"""What came of an exercise, read from the outputs of its cells."""

import nbformat

from course.grading import findings
from course.grading.region import region

from .notebooks import source, submission


def test_a_check_that_was_never_reached_gives_no_points():
    cells = region(source(), submission(), "O-8")
    answer = findings.answer(cells, nbformat.v4.new_notebook())
    assert (answer["points"], answer["of"], answer["problem"]) == (0.0, 4.0, "the check was not reached")


def test_the_last_word_of_a_check_counts_and_never_more_than_it_is_worth():
    cells = region(source(), submission(), "O-8")
    (check,) = (
        nbformat.from_dict(dict(cell)) for cell in cells.cells if cell.metadata.get("nbgrader", {}).get("grade")
    )
    check.id = cells.checks[-1]
    said = [{"points": points, "findings": [{"hint": str(points)}]} for points in (1.0, 9.0)]
    check.outputs = [nbformat.v4.new_output("display_data", {findings.FINDINGS: data}) for data in said]
    answer = findings.answer(cells, nbformat.v4.new_notebook(cells=[check]))
    assert (answer["points"], answer["findings"], answer["problem"]) == (4.0, [{"hint": "9.0"}], "")
