"""One submission: what its cells do over there, what tests make of it here, and what no work can do to a test."""

import sys

import nbformat
import pytest
from nbformat import NotebookNode

from tests.grading.cells import cell, given, notebook, test, work

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes are held by Linux's means")


def statuses(result: dict) -> list[str]:
    return [found["status"] for found in result["cells"]]


HONEST = {
    "a function": ("def double(x): return 2 * x", "assert [double(n) for n in (1, 2.5, 'a')] == [2, 5.0, 'aa']"),
    "a value": ("n = 5", "assert n == 5 and type(n) is int"),
    "a table": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})",
        "assert isinstance(df, pd.DataFrame)\nassert df.shape == (2, 2)\nassert df['a'].sum() == 3",
    ),
    "an array": (
        "import numpy as np\na = np.linspace(0, 1, 3)",
        "assert isinstance(a, np.ndarray)\nnp.testing.assert_allclose(a, [0, .5, 1])",
    ),
    "a list sorted in place": (
        "def order(l): l.sort()",
        "l = [3, 1, 2]\nassert order(l) is None\nassert l == [1, 2, 3]",
    ),
    "a dictionary filled": ("def put(d): d['k'] = [1]", "d = {}\nput(d)\nassert d == {'k': [1]}"),
    "a table changed": (
        "import pandas as pd\ndef add(df): df['b'] = df['a'] * 2",
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nadd(df)\nassert list(df['b']) == [2, 4]",
    ),
    "a generator": (
        "def count(n):\n    yield from range(n)",
        "assert list(count(3)) == [0, 1, 2]\nassert sum(count(4)) == 6",
    ),
    "an exception": (
        "def f(x):\n    if x < 0: raise ValueError('negative')",
        "try:\n    f(-1)\nexcept ValueError as e:\n    assert 'negative' in str(e)\nelse:\n    assert False",
    ),
    "an exception of their own": (
        "class Full(Exception): pass\ndef put(): raise Full('no room')",
        "try:\n    put()\nexcept Full as e:\n    assert e.args == ('no room',)\nelse:\n    assert False",
    ),
    "a class": (
        "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n"
        "    def pop(self): return self.items.pop()\n    def __len__(self): return len(self.items)",
        "s = Stack()\ns.push(1)\ns.push('b')\nassert len(s) == 2\nassert s.pop() == 'b'\nassert s.items == [1]\n"
        "assert isinstance(s, Stack)",
    ),
    "operators": (
        "class V:\n    def __init__(self, x): self.x = x\n    def __add__(self, o): return V(self.x + o.x)\n"
        "    def __mul__(self, k): return V(self.x * k)\n    def __eq__(self, o): return self.x == o.x",
        "assert (V(1) + V(2)).x == 3\nassert (V(2) * 3).x == 6\nassert V(1) == V(1)\nassert not V(1) == V(2)",
    ),
    "a function of a function": ("def twice(f, x): return f(f(x))", "assert twice(lambda x: x + 1, 3) == 5"),
    "a library's function handed over": (
        "def apply(f, x): return f(x)",
        "import math\nassert apply(math.sqrt, 9) == 3.0\nassert apply(len, [1]) == 1",
    ),
    "what a function prints": (
        "def hello(): print('hello')",
        "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    hello()\n"
        "assert out.getvalue() == 'hello\\n'",
    ),
    "documentation and signature": (
        "def area(w, h=2):\n    'Width times height'\n    return w * h",
        "import inspect\nassert 'Width' in area.__doc__\nassert area.__name__ == 'area'\n"
        "assert list(inspect.signature(area).parameters) == ['w', 'h']\nassert callable(area)",
    ),
    "a fitted model": (
        "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression().fit([[0], [1]], [1, 3])",
        "import numpy as np\nassert isinstance(model, LinearRegression)\n"
        "np.testing.assert_allclose(model.predict([[2]]), [5])\nassert abs(model.coef_[0] - 2) < 1e-9",
    ),
    "a plot": (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\n_ = ax.set_title('Rise')",
        "assert ax.get_title() == 'Rise'\nassert len(ax.lines) == 1",
    ),
    "a shadowed name that was asked for": ("def sum(l): return 6", "assert sum([1]) == 6"),
}


@pytest.mark.parametrize("about", HONEST)
def test_honest_work_passes(grade, about):
    solution, code = HONEST[about]
    result, done = grade(work(solution), test(code))
    assert result["score"] == 1.0, [output for c in done.cells for output in c.outputs]


@pytest.mark.parametrize("about", HONEST)
def test_no_work_gets_nothing(grade, about):
    solution, code = HONEST[about]
    result, _ = grade(work("pass"), test(code), source=notebook(work(solution), test(code)))
    assert result["score"] == 0.0
    assert statuses(result) in (["error"], ["failed"])


EQUAL = (
    "class Any:\n    def __getattr__(s, n): return Any()\n    def __call__(s, *a, **k): return Any()\n"
    "    def __eq__(s, o): return True\n    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = lambda s, o: True\n"
    "    def __ne__(s, o): return False\n    def __bool__(s): return True\n    def __len__(s): return 3\n"
    "    def __float__(s): return 0.0\n    def __int__(s): return 3\n    __index__ = __int__\n"
    "    def __abs__(s): return 0\n    def __sub__(s, o): return 0\n    __rsub__ = __add__ = __sub__\n"
    "    def __iter__(s): return iter(())\n    def __hash__(s): return hash(3)\n"
    "    def __round__(s, n=0): return 3\n    def equals(s, o): return True\n    def __array__(s, *a, **k): return 3\n"
)
DISHONEST = {
    "an object that equals everything": EQUAL + "answer = Any()\ndef f(*a): return Any()",
    "a number that equals everything": (
        "class N(float):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0.0\nanswer = N(1)\n"
        "def f(*a): return N(1)"
    ),
    "a transformer that empties cells": (
        "get_ipython().input_transformers_cleanup.append(lambda lines: ['1\\n'])\nanswer = 0\ndef f(*a): pass"
    ),
    "a hook before each cell": (
        "get_ipython().events.register('pre_run_cell', lambda i: None)\nanswer = 0\ndef f(*a): pass"
    ),
    "patched builtins": (
        "import builtins\nfor n in ('isinstance', 'all', 'any', 'abs', 'len', 'sum', 'print'):\n"
        "    setattr(builtins, n, lambda *a, **k: True)\nabs = all = isinstance = lambda *a: 0\n"
        "answer = 0\ndef f(*a): pass"
    ),
    "patched libraries": (
        "import numpy as np\nnp.testing.assert_allclose = np.allclose = np.isclose = lambda *a, **k: True\n"
        "import math\nmath.isclose = lambda *a, **k: True\nanswer = 0\ndef f(*a): pass"
    ),
    "a library by another name": "import unittest.mock as np\nmath = np\nanswer = 0\ndef f(*a): pass",
    "the frames above": (
        "import sys\ndef f(*a):\n    frame = sys._getframe()\n    while frame:\n"
        "        frame.f_globals['answer'] = 42\n"
        "        frame = frame.f_back\nanswer = 0"
    ),
    "leaving with success": "answer = 0\ndef f(*a):\n    import os\n    os._exit(0)",
    "sys.exit": "answer = 0\ndef f(*a):\n    raise SystemExit(0)",
    "an exception like a test's": "answer = 0\ndef f(*a):\n    raise type('Passed', (BaseException,), {})()",
    "frames forged on the line": (
        "import os, socket, json, struct\nanswer = 0\ndef f(*a):\n"
        "    body = json.dumps({'answer': {'value': 42}}).encode()\n"
        "    for fd in range(3, 20):\n        try: os.write(fd, (struct.pack('>I', len(body)) + body) * 3)\n"
        "        except OSError: pass"
    ),
    "an output in the test's place": (
        "answer = 0\ndef f(*a): pass\nimport threading, IPython.display as d\n"
        "threading.Timer(0.2, lambda: d.publish_display_data({'text/plain': '4'})).start()"
    ),
    "a helper of the course's rewritten": "def expected(x): return None\nanswer = None\ndef f(*a): return None",
}
ASKED = (
    given("import math\nimport numpy as np\ndef expected(x):\n    return 42 + x"),
    test("assert answer == 42", "t1"),
    test("assert abs(f(3) - 45) < 1e-9", "t2"),
    test("assert math.isclose(f(1), 43)\nnp.testing.assert_allclose(f(2), 44)", "t3"),
    test("assert isinstance(f(0), int)\nassert f(0) in (42,)", "t4"),
    test("assert f(5) == expected(5)", "t5"),
    test("assert all(f(x) == 42 + x for x in range(3))", "t6"),
)


def asked(solution: str) -> tuple[NotebookNode, ...]:
    return (ASKED[0], work(solution), *ASKED[1:])


def test_the_questions_asked_of_cheats_can_be_answered(grade):
    result, _ = grade(*asked("answer = 42\ndef f(x): return 42 + x"))
    assert result["score"] == 6.0


@pytest.mark.parametrize("about", DISHONEST)
def test_a_cheat_gets_no_more_than_its_work_is_worth(grade, about):
    right = notebook(*asked("answer = 42\ndef f(x): return 42 + x"))
    result, _ = grade(*asked(DISHONEST[about]), source=right)
    assert result["score"] == 0.0, result["cells"]


def test_a_crash_costs_its_own_cell_only(grade):
    result, done = grade(
        work("def f(): return 1", "w1"),
        test("assert f() == 1", "t1"),
        work("import os\nos.kill(os.getpid(), 9)", "w2"),
        test("assert f() == 1", "t2"),
        work("def g(): return f() + 1", "w3"),
        test("assert g() == 2", "t3"),
    )
    assert statuses(result) == ["passed", "passed", "passed"]
    assert done.cells[2].outputs[0].ename == "ProcessEnded"


def test_a_loop_without_end_costs_its_own_cell_only(grade):
    stubborn = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    result, done = grade(
        work("def f(): return 1", "w1"),
        work("while True: pass", "w2"),
        test("assert f() == 1", "t1"),
        work(stubborn, "w3"),
        test("assert f() == 1", "t2"),
        limits={"cell_seconds": 0.5},
    )
    assert statuses(result) == ["passed", "passed"]
    assert [done.cells[n].outputs[0].ename for n in (1, 3)] == ["TimedOut", "TimedOut"]


def test_a_function_that_hangs_costs_its_own_test_only(grade):
    result, _ = grade(
        work("def f():\n    while True: pass\ndef g(): return 1"),
        test("assert f() is None", "t1"),
        test("assert g() == 1", "t2"),
        limits={"cell_seconds": 0.5},
    )
    assert [found["score"] for found in result["cells"]] == [0.0, 1.0]


def test_output_is_kept_within_bounds(grade):
    result, done = grade(
        work("print('x' * 100_000_000)\nimport sys\nfor _ in range(2000): display(1)", "w1"),
        work("import os\nos.write(1, b'y' * 50_000_000)", "w2"),
        work("n = 1", "w3"),
        test("assert n == 1"),
    )
    assert statuses(result) == ["passed"]
    assert len(nbformat.writes(done)) < 8_000_000


def test_memory_is_bounded(grade):
    result, done = grade(
        work("n = 1", "w1"),
        work("import numpy as np\nbig = np.ones(10 * 2**30 // 8)", "w2"),
        test("assert n == 1"),
    )
    assert statuses(result) == ["passed"]
    assert done.cells[1].outputs[0].ename in ("MemoryError", "ArrayMemoryError", "_ArrayMemoryError", "ProcessEnded")


def test_a_returned_number_is_partial_credit(grade):
    result, _ = grade(work("n = 1"), test("2.5 * n", points=4), test("assert n == 2\n3", "t2", points=3))
    assert [found["score"] for found in result["cells"]] == [2.5, 0.0]
    assert statuses(result) == ["partial", "failed"]


def test_standard_error_in_a_test_is_recorded_not_failed(grade):
    result, done = grade(work("n = 1"), test("import sys\nprint('careful', file=sys.stderr)\nassert n == 1"))
    assert result["score"] == 1.0
    assert done.cells[1].outputs[0].text == "careful\n"


def test_names_that_a_visible_test_binds_are_the_work_s_too(grade):
    hidden = "### BEGIN HIDDEN TESTS\nsecret = 7\n### END HIDDEN TESTS"
    result, done = grade(
        test(f"limit = 5\n{hidden}", "t1"),
        work("n = limit + 1\nseen = 'secret' in globals()"),
        test("assert n == 6\nassert not seen", "t2"),
    )
    assert statuses(result) == ["passed", "passed"], done


LOOK = """
import gc, glob, re
wanted = "xyzzy[-]secret"
found = [o for o in gc.get_objects() if isinstance(o, str) and re.search(wanted, o)]
places = ("home", "root", "srv", "opt", "tmp", "assignment", "work", "var", "mnt")
files = [f for p in places for f in glob.glob(f"/{p}/**/*.ipynb", recursive=True) if "site-packages" not in f]
def scan():
    for line in open("/proc/self/maps"):
        if "rw" in line.split()[1]:
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(start)
                try:
                    if re.search(wanted.encode(), memory.read(min(end - start, 1 << 26))):
                        return True
                except OSError:
                    pass
    return False
in_memory = scan()
"""
SECRET = """
assert found == [] and files == []
assert not in_memory
### BEGIN HIDDEN TESTS
key = "xyzzy-" "secret"
### END HIDDEN TESTS
"""


def test_hidden_tests_are_nowhere_in_the_work_s_process(grade):
    result, _ = grade(work(LOOK), test(SECRET))
    assert result["score"] == 1.0, str(result["cells"])


def test_outputs_stand_in_the_notebook_as_a_kernel_would_have_put_them(grade):
    _, done = grade(
        cell("print('a')\n1 + 1"), cell("1 / 0"), cell("import matplotlib.pyplot as plt\n_ = plt.plot([1])")
    )
    first, second, third = (c.outputs for c in done.cells)
    assert [o.output_type for o in first] == ["stream", "execute_result"]
    assert first[1].data["text/plain"] == "2"
    assert second[0].ename == "ZeroDivisionError"
    assert "image/png" in third[0].data
    nbformat.validate(done)


def test_the_same_submission_gets_the_same(grade):
    cells = (work("import random\nr = [random.random() for _ in range(2)]"), test("assert len(r) == 2"))
    first, second = (grade(*cells)[0] for _ in range(2))
    assert first["cells"] == second["cells"]
