"""AUTOTEST: nbgrader's lines that become tests when an assignment is released. Here they become the tests that are run.

nbgrader's own step runs the solution in a kernel and writes down what it gives, after the templates of `autotests.yml`
(in the assignment's folder, else in the course's). It is the instructor's code, and runs as the instructor.
"""

import copy
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbgrader.preprocessors import IncludeHeaderFooter, InstantiateTests
from nbgrader.utils import chdir

from course.errors import CourseError
from course.grading.directory import Course, quiet

END_SECONDS = 10.0
MADE = "autotest"  # in the metadata of a cell: its text may differ from the one that was released


class _Step(InstantiateTests):
    """nbgrader's step, which leaves its connections open, and where a solution fails its kernel running."""

    client: Any = None

    def _execute_code_snippet(self, code: str) -> Any:
        self.client = self.kc
        return super()._execute_code_snippet(code)

    def end(self) -> None:
        """End what is left of the kernel."""
        if self.client is not None:
            if self.kc is not None:  # nbgrader did not come to its end
                self.client.shutdown(reply=True, timeout=END_SECONDS)
            self.client.stop_channels()


def instantiated(course: Course, assignment: str, notebook: NotebookNode) -> NotebookNode:
    """A notebook of source/ with tests in the place of AUTOTEST lines; itself if it has none.

    CourseError if nbgrader cannot make them.
    """
    step = _Step(config=course.config)
    if not any(_asks(cell, step) for cell in notebook.cells):
        return notebook
    folder = course.source(assignment)
    node = copy.deepcopy(notebook)
    cells = list(node.cells)
    asked = [cell for cell in cells if _asks(cell, step)]
    try:
        # The salt of a hashed test depends on the cell's place in what is released, a course's header counted.
        with chdir(course.directory.root), quiet():
            node, _ = IncludeHeaderFooter(config=course.config).preprocess(node, {})
            step.preprocess(node, {"metadata": {"path": str(folder)}})
    except FileNotFoundError as error:
        raise CourseError(
            f"{assignment} has AUTOTEST lines, and there is no {error.filename}: put one there."
        ) from None
    except CellExecutionError as error:  # the solution's own
        raise CourseError(_refusal(assignment, f"{error.ename}: {error.evalue}")) from None
    except Exception as error:  # whatever a template does
        raise CourseError(_refusal(assignment, str(error) or type(error).__name__)) from None
    finally:
        step.end()
    node.cells = cells
    for cell in asked:
        cell.metadata[MADE] = True
    return node


def templates(course: Course) -> Path | None:
    """The course's own `autotests.yml`, on which tests rest besides source/; None if it has none."""
    path = Path(course.directory.root) / InstantiateTests(config=course.config).autotest_filename
    return path if path.is_file() else None


def _refusal(assignment: str, why: str) -> str:
    return f"nbgrader cannot make tests of the AUTOTEST lines in {assignment} ({' '.join(why.split())[:500]})."


def _asks(cell: NotebookNode, step: InstantiateTests) -> bool:
    return cell.cell_type == "code" and step.autotest_delimiter in cell.source
