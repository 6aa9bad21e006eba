"""Attacks with objects that lie, and on the Python that judges them."""

# ruff: noqa: E501  # what a cell holds is easier to read in one line

from tests.attacks.attack import Attack

ANY = (
    "class Meta(type):\n    def __instancecheck__(c, o): return True\n    def __eq__(c, o): return True\n    __hash__ = type.__hash__\n"
    "class Any(metaclass=Meta):\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\n"
    "    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = lambda s, o: True\n    def __bool__(s): return True\n"
    "    def __hash__(s): return hash(42)\n    def __float__(s): return 42.0\n    def __int__(s): return 42\n    __index__ = __int__\n"
    "    def __abs__(s): return 0\n    def __len__(s): return 2\n    def __iter__(s): return iter([42, 43])\n"
    "    def __sub__(s, o): return 0\n    __rsub__ = __add__ = __radd__ = __mul__ = __sub__\n"
    "    def __array__(s, *a, **k):\n        import numpy\n        return numpy.array(44)\n"
    "    def __call__(s, *a, **k): return s\n    def __getattr__(s, n): return s\n"
)


def _returned(value: str) -> str:
    return f"answer = {value}\ndef f(*a): return {value}"


ATTACKS = {
    "an object that equals everything": Attack(ANY + _returned("Any()")),
    "a function that is the object": Attack(ANY + "answer = f = Any()"),
    "unittest.mock.ANY": Attack("from unittest.mock import ANY\n" + _returned("ANY")),
    "a mock": Attack(
        "from unittest.mock import MagicMock\nm = MagicMock()\nm.__eq__.return_value = True\nm.__ne__.return_value = False\n"
        "m.__abs__.return_value = 0\nm.__sub__.return_value = 0\nm.__float__.return_value = 44.0\n" + _returned("m")
    ),
    "a list's item that equals everything": Attack(ANY + _returned("[Any()]")),
    "an array of objects that equal everything": Attack(
        ANY + "import numpy as np\na = np.empty((), dtype=object)\na[()] = Any()\n" + _returned("a")
    ),
    "subclasses of numbers and texts": Attack(
        "class I(int):\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\n    def __hash__(s): return hash(42)\n"
        "    def __sub__(s, o): return 0\n    __rsub__ = __sub__\n" + _returned("I(0)")
    ),
    "a subclass of arrays": Attack(
        "import numpy as np\nclass A(np.ndarray):\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\n"
        "    def __array_ufunc__(s, *a, **k): return True\n    def __array_function__(s, *a, **k): return True\n"
        + _returned("np.zeros(()).view(A)")
    ),
    "a subclass of tables": Attack(
        "import pandas as pd\nclass S(pd.Series):\n    def __eq__(s, o): return True\n    def equals(s, o): return True\n"
        + _returned("S([0])")
    ),
    "a class in the place of int": Attack(
        ANY + "import builtins\nbuiltins.int = Any\nint = Any\nisinstance = lambda *a: True\n" + _returned("Any()"),
        honest=1.0,  # its own process cannot go on without `int`
    ),
    "numbers that are none": Attack(_returned("float('nan')")),
    "an infinite number": Attack(_returned("float('inf')")),
    "a text of a number": Attack(_returned("'42'")),
    "patched builtins": Attack(
        "import builtins\nfor n in ('isinstance', 'all', 'any', 'abs', 'len', 'sum', 'range', 'print'):\n"
        "    setattr(builtins, n, lambda *a, **k: 1)\n" + _returned("0"),
        honest=2.0,
    ),
    "patched libraries": Attack(
        "import math, numpy as np, pandas as pd\nnothing = lambda *a, **k: True\n"
        "np.testing.assert_allclose = np.allclose = np.isclose = math.isclose = nothing\n"
        "pd.testing.assert_series_equal = pd.Series.equals = pd.Series.__eq__ = nothing\n" + _returned("0")
    ),
    "a module's place": Attack(
        "import types\nmath = np = pd = types.SimpleNamespace(isclose=lambda *a: True, testing=types.SimpleNamespace("
        "assert_allclose=lambda *a: None, assert_series_equal=lambda *a: None), Series=lambda *a: 0)\n" + _returned("0")
    ),
    "what the course defined": Attack("def expected(x): return 0\ndef add(a, b): return 6\n" + _returned("0")),
    "frames above": Attack(
        "import sys\nanswer = 0\ndef f(*a):\n    frame = sys._getframe()\n    while frame:\n"
        "        frame.f_globals.update(answer=42, expected=lambda x: 0)\n"
        "        frame.f_locals.update(found={'answer': 42})\n        frame = frame.f_back\n    return 0",
        # `answer` in the work's own namespace; but the test that reads it came before the first call of f
    ),
    "frames of a traceback": Attack(
        "import sys\nanswer = 0\ndef f(*a):\n    try:\n        raise ValueError\n    except ValueError as error:\n"
        "        tb = error.__traceback__\n        while tb:\n            tb.tb_frame.f_globals['f'] = lambda x: 42 + x\n"
        "            tb = tb.tb_next\n    return 0",
        score=3.0,  # from its second call on, the work has an honest function: that is what these tests then see
    ),
    "objects that the collector knows": Attack(
        "import gc, ctypes\nanswer = 0\ndef f(*a):\n    for o in gc.get_objects():\n        try:\n"
        "            if type(o) is dict and 'user_ns' in o: o['user_ns'].update(expected=lambda x: 0)\n"
        "        except Exception: pass\n    return 0"
    ),
    "handlers of signals": Attack(
        "import signal\nfor s in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):\n"
        "    signal.signal(s, lambda *a: None)\n" + _returned("0")
    ),
    "an end that takes its time": Attack(
        "import atexit, time\natexit.register(time.sleep, 60)\nclass D:\n    def __del__(s): time.sleep(30)\nkept = D()\n"
        + _returned("0")
    ),
}
