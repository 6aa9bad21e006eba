"""What the work may do while a test runs, and whose the names are that a test finds."""

import sys

import pytest

from course.grading.outputs import LARGEST
from tests.grading.cells import given, notebook, test, work

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes are held by Linux's means")

TELL = "tell = get_ipython().tell\n"
RESULT = "{'output_type': 'execute_result', 'data': {'text/plain': '1'}, 'metadata': {}, 'execution_count': 1}"
FINDING = "{'output_type': 'display_data', 'data': {'application/vnd.five-bridges.finding+json': {}}, 'metadata': {}}"
FORGED = {
    "a result of the test's": f"{TELL}def f():\n    tell({RESULT})\n    return 0",
    "outputs cleared": f"{TELL}def f():\n    tell({{'output_type': 'clear'}})\n    return 0",
    "outputs cleared from a thread, again and again": (
        f"{TELL}import threading\ndef clear():\n    while True:\n        tell({{'output_type': 'clear'}})\n"
        "def f():\n    threading.Thread(target=clear, daemon=True).start()\n    return 0"
    ),
    "what a check shows": f"{TELL}def f():\n    tell({FINDING})\n    return 0",
    "more output than is kept": f"def f():\n    for _ in range(40): print('x' * {LARGEST // 20})\n    return 0",
    "more outputs than are kept": "def f():\n    for _ in range(3000):\n        display(1)\n    return 0",
    "a number that shows itself as points": (
        "class N:\n    def __repr__(self): return '1'\n    def __eq__(self, other): return False\ndef f(): return N()"
    ),
}


@pytest.mark.parametrize("about", FORGED)
@pytest.mark.parametrize("code", ["assert f() == 1", "value = f()\nassert value == 1\nvalue", "print(f())\nf()"])
def test_what_the_work_says_in_a_test_earns_nothing(grade, about, code):
    result, done = grade(work(FORGED[about]), test(code))
    shown = [mime for output in done.cells[1].outputs for mime in output.get("data", {})]
    assert not any("five-bridges" in mime for mime in shown)
    if code.endswith("f()") and "shows itself" in about:  # no number, so the test has passed, as in nbgrader
        code = "f()\nassert False"
        result, done = grade(work(FORGED[about]), test(code))
    assert result["score"] == 0.0, (result["cells"], done.cells[1].outputs)


def test_what_a_function_prints_in_a_test_is_shown(grade):
    _, done = grade(work("def f():\n    print('so far')\n    return 1"), test("assert f() == 1"))
    assert done.cells[1].outputs[0].text == "so far\n"


def test_what_hidden_tests_bind_is_there_for_the_next_test(grade):
    lines = ("### BEGIN HIDDEN TESTS", "import math", "key = {3: 'c'}", "def rule(n):", "    return key[n]")
    hidden = "\n".join([*lines, "### END HIDDEN TESTS"])
    first, second = test(f"assert callable(f)\n{hidden}", "t1"), test("assert f(3) == rule(3) == key[3]", "t2")
    right = notebook(work("def f(n): return 'c'"), first, work("n = 1", "w2"), second)
    forged = "try: math\nexcept NameError: pass\nelse: raise SystemExit\nkey = {3: 'x'}\ndef rule(n): return 'x'"
    result, _ = grade(work("def f(n): return 'c'"), first, work(forged, "w2"), second, source=right)
    assert [cell["score"] for cell in result["cells"]] == [1.0, 1.0]


def test_a_name_that_a_solution_binds_is_the_solution_s_in_a_test_that_binds_it_too(grade):
    result, _ = grade(
        work("def f(): return 1"),
        test("answer = 7\nassert f() == 1", "t1"),
        work("answer = 8", "w2"),
        test("assert answer == 8", "t2"),
    )
    assert [cell["score"] for cell in result["cells"]] == [1.0, 1.0]


def test_an_import_that_fails_costs_no_other_definition(grade):
    cells = given("import no_such_library_at_all"), given("import math\ndef half(x):\n    return x / 2", "more")
    result, _ = grade(*cells, work("n = 4"), test("assert half(n) == 2 and math.floor(2.5) == 2"))
    assert result["score"] == 1.0, result["cells"]


def test_modules_that_a_visible_test_imports_are_the_work_s_too(grade):
    result, _ = grade(test("import math\nassert math", "t1"), work("n = math.floor(2.5)"), test("assert n == 2", "t2"))
    assert [cell["score"] for cell in result["cells"]] == [1.0, 1.0]


def test_a_finding_of_the_work_s_own_cells_is_no_finding_of_a_test(grade):
    right = notebook(work("def f(): return 1"), test("assert f() == 1"))
    result, _ = grade(work(f"{TELL}tell({FINDING})\ndef f(): return 0"), test("assert f() == 1"), source=right)
    assert result["score"] == 0.0


@pytest.mark.parametrize("given_back", ["float('nan')", "-1.0", "float('-inf')", "50.0"])
def test_a_number_that_is_no_part_of_the_points_earns_nothing(grade, given_back):
    right, other = work("def f(): return 1.5"), test("assert callable(f)", "t2")
    result, _ = grade(
        work(f"def f(): return {given_back}"), test("f() * 2", points=3), other,
        source=notebook(right, test("f() * 2", points=3), other),
    )  # fmt: skip
    assert [cell["score"] for cell in result["cells"]] == [0.0, 1.0], result["cells"]


def test_a_range_without_end_is_not_counted_through_here(grade):
    result, _ = grade(
        work("def f(): return range(10**13)\ndef g(): return 1"), test("assert sum(f()) == 6", "t1"),
        test("assert g() == 1", "t2"), limits={"cell_seconds": 1.0},
    )  # fmt: skip
    assert [cell["score"] for cell in result["cells"]] == [0.0, 1.0], result["cells"]


def test_what_is_too_much_for_a_test_is_its_memory_error(grade):
    result, _ = grade(
        work("n = 10**10"), test("rows = [0] * n\nassert rows", "t1"), test("assert n == 10**10", "t2")
    )  # fmt: skip
    assert [cell["score"] for cell in result["cells"]] == [0.0, 1.0], result["cells"]
    assert result["cells"][0]["message"].startswith("MemoryError")


def test_a_module_is_known_by_the_name_that_the_solution_gives_it(grade):
    cells = (
        work("import datetime as dt\nimport numpy.linalg as la\nday = dt.date(2026, 1, 2)"),
        test("assert day == dt.date(2026, 1, 2)\nassert la.norm([3, 4]) == 5"),
    )
    assert grade(*cells)[0]["score"] == 1.0
    other = work("import json as dt\nimport numpy.linalg as la\nday = 1")
    assert grade(other, cells[1], source=notebook(*cells))[0]["score"] == 0.0


def test_a_test_may_ask_for_names_in_globals(grade):
    cells = work("answer = 1"), test("assert 'answer' in globals()")
    assert grade(*cells)[0]["score"] == 1.0
    assert grade(work("pass"), cells[1], source=notebook(*cells))[0]["score"] == 0.0


def test_what_the_work_forks_prints_and_answers_nothing(grade):
    forks = "import os\npid = os.fork()\nif pid == 0:\n    print('child', flush=True)\nelse:\n    os.waitpid(pid, 0)\n"
    result, done = grade(
        work(f"{forks}if pid == 0: os._exit(0)\nn = 1", "w1"), test("assert n == 1", "t1"),
        work("import os, time\nif os.fork() == 0:\n    time.sleep(3600)\nm = 2", "w2"), test("assert m == 2", "t2"),
    )  # fmt: skip
    assert [cell["score"] for cell in result["cells"]] == [1.0, 1.0], done
    assert "child" in done.cells[0].outputs[0].text


def test_an_array_of_records_stays_with_the_work(grade):
    code = "import numpy as np\na = np.zeros(2, dtype=[('x', int)])\nn = 1"
    result, _ = grade(work(code), test("assert a['x'].sum() == 0\nassert n == 1"))
    assert result["score"] == 1.0, result["cells"]


def test_a_magic_in_a_test_is_given_the_work_s_names_and_one_that_fails_earns_nothing(grade):
    timed, unusable = test("%%time\nassert len(found) == 2", "t1"), test("n = 1\n%%time\nassert True", "t2")
    result, _ = grade(work("found = [1, 2]"), timed, unusable)
    assert [cell["score"] for cell in result["cells"]] == [1.0, 0.0]
    assert grade(work("found = [1]"), timed)[0]["score"] == 0.0
