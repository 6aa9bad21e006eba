"""An attack, and the notebook that it is made on: honest questions before and after, and tests that it goes for."""

from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from tests.grading.cells import given, notebook, test, work

HONEST = 2.0  # points of the questions around an attack
ATTACKED = 6.0  # points of the tests that an attack is made on
RIGHT = "answer = 42\ndef f(x): return 42 + x"
HIDDEN = "### BEGIN HIDDEN TESTS\nassert f(5) == expected(5), 'the sesame word'\n### END HIDDEN TESTS"
SECRET = "the sesame word"


@dataclass(frozen=True)
class Attack:
    """code: the attacked cell. score: what it must get of ATTACKED; honest: what the work around it gets at least.

    limits: the examiner's, as JSON.
    """

    code: str
    score: float = 0.0
    honest: float = HONEST
    limits: dict[str, Any] = field(default_factory=dict)


def source(answer: str = RIGHT) -> NotebookNode:
    """The notebook with an answer in the attacked cell; with RIGHT, everything in it is honest."""
    return notebook(
        given("import math\nimport numpy as np\nimport pandas as pd\ndef expected(x):\n    return 42 + x"),
        work("def add(a, b): return a + b", "before"),
        test("assert add(1, 2) == 3", "before-test"),
        work(answer, "attacked"),
        test("assert answer == 42 and not answer != 42", "equal"),
        test("assert abs(f(3) - 45) < 1e-9\nassert math.isclose(f(1), 43)", "close"),
        test("np.testing.assert_allclose(f(2), 44)\nassert isinstance(f(0), int) and f(0) in {42}", "library"),
        test("sum(f(x) == 42 + x for x in range(2)) / 2", "share"),
        test("pd.testing.assert_series_equal(pd.Series([answer, f(1)]), pd.Series([42, 43]))", "table"),
        test(HIDDEN, "hidden"),
        work("def times(a, b): return a * b", "after"),
        test("assert times(2, 3) == add(4, 2)", "after-test"),
    )
