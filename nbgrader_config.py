"""nbgrader's settings for this course, and nothing else. Every `nbgrader` command run from this folder reads it.

Directories are nbgrader's own defaults (source, release, submitted, autograded, feedback), and so is the gradebook:
`gradebook.db` beside this file, in SQLite; `nbgrader … --db URL` takes another.
"""

from pathlib import Path

c = get_config()  # noqa: F821  (traitlets puts it there)

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "five_bridges"
# Never copied, neither from source/ to learners nor from a submission to its grading. answers.json must not be here:
# it is part of what is handed in.
c.CourseDirectory.ignore = [".*", "*.py", "*.pyc", "__pycache__", "feedback", "*.tar.gz", "*.db"]

# A stub does not raise: blank work reaches its check and the hint there, and Run All goes on.
c.ClearSolutions.code_stub = {"python": "# your code here"}
c.ClearSolutions.text_stub = "*Write your answer here.*"

# One cell may train and deploy; the kernel may have to open a private cloud first.
c.ExecutePreprocessor.timeout = 120
c.ExecutePreprocessor.startup_timeout = 120

# nbgrader's own list with Execute replaced: submissions run in a sandbox, each exercise in its hidden worlds too.
# The order matters: what ran is shortened before it is saved, and late penalties need the saved scores.
c.Autograde.autograde_preprocessors = [
    "course.grading.execute.SandboxedExecute",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# Each submission has its cloud beside its process. Where every learner's lab was told its student (COURSE_STUDENT),
# take NamedCloud: then what a submission says about that counts for nothing.
c.SandboxedExecute.beside = "course.beside:Cloud"
c.SandboxedExecute.modules = ["course.learn.guest"]

# The page that a learner gets back: harmless whatever they wrote, without hidden tests, with a message per failed test.
# It reads the gradebook itself: nbgrader's own preprocessors are not needed.
c.GenerateFeedback.exporter_class = "course.grading.feedback_exporter.FeedbackExporter"
c.GenerateFeedback.preprocessors = []
