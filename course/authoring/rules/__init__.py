"""What must hold in a source notebook: one function per rule, gathered in a table by `course.authoring.lint`.

A rule takes the notebook and the syllabus and yields `(cell id, message)` for each place where it does not hold;
its docstring is one sentence, and the documentation is made from it.
"""

from collections.abc import Callable, Iterator

from course.authoring.notebook import Notebook
from course.syllabus import Syllabus

Finding = tuple[str, str]
Rule = Callable[[Notebook, Syllabus], Iterator[Finding]]
