import nbformat

from course.grading.region import exercises, region

from .notebooks import LEARN, cell_of, code, source, submission


def run(submitted):
    """The sources of the region's cells, by id."""
    return {cell.id: cell.source for cell in region(source(), submitted, "O-8").cells}


def test_it_is_the_imports_and_the_cells_from_begin_to_check():
    found = region(source(), submission(), "O-8")
    assert [cell.id for cell in found.cells] == ["imports", "o-8-begin", "o-8-worked", "o-8-blank", "o-8-check"]
    assert found.checks == ("o-8-check",)
    assert exercises(source()) == ["O-8"]
    assert exercises(nbformat.v4.new_notebook()) == []


def test_what_was_the_learners_is_taken_and_what_was_locked_is_restored():
    mine = submission("n = 7")
    cell_of(mine, "o-8-worked").source = "shown = 2"
    cell_of(mine, "imports").source = LEARN + "import math"
    cell_of(mine, "o-8-begin").source = 'x = "easier"'
    cell_of(mine, "o-8-check").source = "4.0"
    # Metadata of a submission say nothing: a blank that calls itself locked is still the learner's.
    cell_of(mine, "o-8-blank").metadata["nbgrader"] |= {"locked": True, "solution": False}
    cells = run(mine)
    assert cells["o-8-blank"] == "n = 7" and cells["o-8-worked"] == "shown = 2" and "import math" in cells["imports"]
    assert cells["o-8-begin"] == 'x = begin("O-8")' and "check(" in cells["o-8-check"]


def test_missing_cells_come_back_the_blank_without_its_solution():
    mine = submission()
    mine.cells = [cell for cell in mine.cells if cell.id in ("imports", "o-8-worked")]
    cells = run(mine)
    assert list(cells) == ["imports", "o-8-begin", "o-8-worked", "o-8-blank", "o-8-check"]
    assert cells["o-8-blank"].startswith("n = None\n#") and "len(x)" not in cells["o-8-blank"]


def test_cells_that_the_learner_added_stay_where_they_are_and_none_after_the_check():
    mine = submission()
    for place, id in ((7, "end"), (5, "late"), (3, "mine"), (1, "above")):
        mine.cells.insert(place, code(id, f"{id} = 1"))
    assert list(run(mine)) == ["imports", "above", "o-8-begin", "o-8-worked", "mine", "o-8-blank", "o-8-check"]


def test_of_cells_that_appear_twice_the_first_counts():
    mine = submission("n = 1")
    mine.cells.insert(4, code("o-8-blank", "n = 2", "blank", solution=True))
    assert run(mine)["o-8-blank"] == "n = 1"


def test_a_cell_is_known_by_its_grade_id_when_its_id_was_lost():
    mine = submission("n = 5")
    cell_of(mine, "o-8-blank").id = "a1b2c3"
    assert "n = 5" in run(mine).values()


def test_the_notebook_of_a_region_has_code_alone_and_no_outputs():
    mine = submission()
    cell_of(mine, "o-8-worked").outputs = [nbformat.v4.new_output("stream", text="hello")]
    mine.cells.insert(3, nbformat.v4.new_markdown_cell("words"))
    notebook = region(source(), mine, "O-8").notebook()
    nbformat.validate(notebook)
    assert {cell.cell_type for cell in notebook.cells} == {"code"} and not any(c.outputs for c in notebook.cells)
