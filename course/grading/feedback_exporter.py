"""nbgrader's `generate_feedback`, formgrader's button and `course submit` with the pages of course.grading.feedback.

c.GenerateFeedback.exporter_class = "course.grading.feedback_exporter.FeedbackExporter"
c.GenerateFeedback.preprocessors = []
"""

from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import ClearHiddenTests
from traitlets import default

from course.grading import feedback, history, marks


class FeedbackExporter(Exporter):
    """One autograded notebook as its feedback page. What nbgrader says of it stands in resources["nbgrader"]."""

    output_mimetype = "text/html"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        names = resources["nbgrader"]
        assignment, student, notebook = names["assignment"], names["student"], names["notebook"]
        with Gradebook(names["db_url"]) as gradebook:
            all_marks = marks.read(gradebook, assignment, student)
            told = history.read(gradebook, assignment, student).get(student, history.NOTHING)
        delimiters = ClearHiddenTests(parent=self)
        said = feedback.render(
            nb,
            all_marks.submission(student).of_notebook(notebook),
            {id for name, id in all_marks.fixed if name == notebook},
            assignment=assignment,
            name=notebook,
            told=told,
            hidden=(delimiters.begin_test_delimeter, delimiters.end_test_delimeter),
        )
        self._leave_only_pages(assignment, student)
        return said, resources

    def _leave_only_pages(self, assignment: str, student: str) -> None:
        """nbgrader has copied the submission's other files beside the page: a page made by a learner may be among them.

        Pages are in one piece and need none of them.
        """
        directory = getattr(self.parent, "coursedir", None)
        if directory is None:
            return
        graded = Path(directory.format_path(directory.autograded_directory, student, assignment))
        target = Path(directory.format_path(directory.feedback_directory, student, assignment))
        pages = {path.with_suffix(".html").name for path in graded.glob("*.ipynb")}
        for path in sorted(target.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.parent != target or path.name not in {"timestamp.txt", *pages}:
                path.unlink()
