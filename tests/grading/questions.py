"""Questions as instructors ask them, each with answers: the first is right, the others are right in part or wrong.

Two engines grade them and must agree, whatever an answer is worth (test_parity.py). What only one of them may do, such as
hidden worlds or standard error in a test, is not here.
"""

# ruff: noqa: E501  # what a cell holds is easier to read in one line

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """answers: code of the solution cell. tests: one graded cell each, of 2 points. given: a locked cell before it."""

    answers: tuple[str, ...]
    tests: tuple[str, ...]
    given: str = ""


POINTS = 2

# Values, types, and what plain assert says of them.
VALUES = {
    "number": Question(
        ("total = sum(range(11))", "total = 54", "total = '55'"),
        ("assert total == 55, 'add them all'", "assert isinstance(total, int)\nassert total > 50"),
    ),
    "float": Question(
        ("area = 3.14159 * 2 ** 2", "area = 12.5", "area = None"),
        ("import math\nassert math.isclose(area, 12.566, rel_tol=1e-3)", "assert round(area, 1) in (12.5, 12.6)"),
    ),
    "text": Question(
        ("name = 'Ada Lovelace'\ninitials = 'AL'", "name = 'ada'\ninitials = 'AL'", "name = initials = 3"),
        (
            "assert name.split()[0] == 'Ada' and name.istitle()",
            "assert initials == 'AL'\nassert len(initials) == 2",
        ),
    ),
    "tuples": Question(
        ("pair = (1, 'x')\nlow, high = 2, 5", "pair = [1, 'x']\nlow, high = 2, 5", "pair = 1\nlow = high = 0"),
        ("assert pair == (1, 'x') and type(pair) is tuple", "assert (low, high) == (2, 5)"),
    ),
    "mapping": Question(
        (
            "ages = {'ann': 31, 'bob': 25}\nyoung = {k for k, v in ages.items() if v < 30}",
            "ages = {'ann': 31}\nyoung = {'bob'}",
            "ages = young = {}",
        ),
        ("assert ages['bob'] == 25\nassert sorted(ages) == ['ann', 'bob']", "assert young == {'bob'}"),
    ),
    "counted": Question(
        (
            "from collections import Counter, defaultdict\nletters = Counter('banana')\ngroups = defaultdict(list)\n"
            "for w in ('an', 'b', 'cd'): groups[len(w)].append(w)",
            "letters = {'a': 3, 'b': 1, 'n': 2}\ngroups = {1: ['b'], 2: ['an']}",
            "letters = groups = None",
        ),
        (
            "assert letters['a'] == 3\nassert letters.most_common(1) == [('a', 3)]",
            "assert groups[2] == ['an', 'cd']",
        ),
    ),
    "large": Question(
        (
            "import math\nbig = math.factorial(60)\nlast = 2 ** 200 % 10 ** 6",
            "big = float(8.320987112741390e81)\nlast = 2 ** 200 % 10 ** 6",
            "big = last = 1",
        ),
        (
            "assert big == 60 * 59 * (big // 3540) and big > 10 ** 81 and type(big) is int",
            "assert last == 835376 or last == 2 ** 200 % 10 ** 6",
        ),
    ),
    "exact": Question(
        (
            "from decimal import Decimal\nfrom fractions import Fraction\nprice = Decimal('1.10') * 3\n"
            "share = Fraction(1, 3) + Fraction(1, 6)",
            "price = 3.3\nshare = 0.5",
            "price = 3.3000000000000003\nshare = 1",
        ),
        (
            "from decimal import Decimal\nassert price == Decimal('3.30')",
            "from fractions import Fraction\nassert share == Fraction(1, 2)",
        ),
    ),
    "moments": Question(
        (
            "import datetime as dt\nday = dt.date(2024, 2, 29)\ngap = dt.datetime(2024, 3, 1) - dt.datetime(2024, 2, 1)",
            "import datetime as dt\nday = dt.date(2024, 2, 28)\ngap = dt.timedelta(days=29)",
            "day = '2024-02-29'\ngap = 29",
        ),
        (
            "from datetime import date\nassert day == date(2024, 2, 29) and day.weekday() == 3",
            "from datetime import timedelta\nassert gap == timedelta(days=29) and gap.days == 29",
        ),
    ),
    "complex": Question(
        ("z = complex(3, 4)\nraw = 'Größe'.encode()", "z = 5.0\nraw = 'Größe'.encode('latin-1')", "z = raw = 0"),
        ("assert abs(z) == 5 and z.imag == 4", "assert raw.decode('utf-8') == 'Größe' and len(raw) == 7"),
    ),
    "nested": Question(
        (
            "tree = {'a': [{'b': (1, 2)}, {3, 4}], 'n': None}",
            "tree = {'a': [{'b': [1, 2]}, {3, 4}], 'n': None}",
            "tree = []",
        ),
        ("assert tree['a'][0]['b'][1] == 2", "assert tree == {'a': [{'b': (1, 2)}, {3, 4}], 'n': None}"),
    ),
    "hashed": Question(
        ("choice = 'B'\nreading = 12.345", "choice = 'b '\nreading = 12.35", "choice = 'C'\nreading = 12"),
        (
            "from hashlib import sha1\n"
            "assert sha1(str(choice).strip().upper().encode()).hexdigest() == sha1(b'B').hexdigest(), 'no'",
            "import hashlib\ndef _digest(v): return hashlib.md5(('%.2f' % v + 'salt').encode()).hexdigest()\n"
            "assert _digest(reading) == _digest(12.345)",
        ),
    ),
    "is-defined": Question(
        ("speed = 3.0", "speed = None", "velocity = 3.0"),
        (
            "try:\n    speed\nexcept NameError:\n    raise AssertionError('define speed')",
            "assert speed is not None and speed == 3",
        ),
    ),
    "truth": Question(
        ("flag = True\nempty = []", "flag = 1\nempty = ()", "flag = empty = 'no'"),
        ("assert flag is True", "assert not empty and empty == []"),
    ),
}

# Functions: called with all kinds of things, checked for all kinds of behaviour.
FUNCTIONS = {
    "function": Question(
        (
            "def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, int(n ** .5) + 1))",
            "def is_prime(n):\n    return n in (2, 3, 5, 7) or n % 2 == 1",
            "def is_prime(n): return n",
        ),
        (
            "assert is_prime(2)\nassert is_prime(7) is True\nassert not is_prime(9), 'nine'",
            "assert [n for n in range(20) if is_prime(n)] == [2, 3, 5, 7, 11, 13, 17, 19]",
        ),
    ),
    "keywords": Question(
        (
            "def greet(name, *titles, greeting='Hello', **more):\n"
            "    return f\"{greeting}, {' '.join([*titles, name])}\" + more.get('end', '')",
            "def greet(name, *titles, greeting='Hello'):\n    return f'{greeting}, {name}'",
            "def greet(name): return name",
        ),
        (
            "assert greet('Ada') == 'Hello, Ada'\nassert greet('Ada', greeting='Hi') == 'Hi, Ada'",
            "assert greet('Ada', 'Dr', 'Lady', end='!') == 'Hello, Dr Lady Ada!'",
        ),
    ),
    "in-place": Question(
        (
            "def double_all(l):\n    for i, v in enumerate(l): l[i] = 2 * v\ndef drop(d, k): d.pop(k, None)",
            "def double_all(l):\n    return [2 * v for v in l]\ndef drop(d, k): d.pop(k)",
            "def double_all(l): l.clear()\ndef drop(d, k): return {}",
        ),
        (
            "numbers = [1, 2, 3]\nassert double_all(numbers) is None\nassert numbers == [2, 4, 6]",
            "d = {'a': 1, 'b': 2}\ndrop(d, 'a')\ndrop(d, 'z')\nassert d == {'b': 2}",
        ),
    ),
    "unchanged": Question(
        (
            "def ordered(l): return sorted(l)",
            "def ordered(l):\n    l.sort()\n    return l",
            "def ordered(l): return l",
        ),
        (
            "given_list = [3, 1, 2]\nassert ordered(given_list) == [1, 2, 3]\nassert given_list == [3, 1, 2], 'changed'",
            "assert ordered([]) == []\nassert ordered(['b', 'a']) == ['a', 'b']",
        ),
    ),
    "raises": Question(
        (
            "def root(x):\n    if x < 0:\n        raise ValueError('negative: %s' % x)\n    return x ** .5",
            "def root(x):\n    if x < 0:\n        raise TypeError('no')\n    return x ** .5",
            "def root(x): return abs(x) ** .5",
        ),
        (
            "try:\n    root(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\n"
            "else:\n    raise AssertionError('it must raise')",
            "assert root(9) == 3\nimport unittest\nwith unittest.TestCase().assertRaises(ValueError):\n    root(-4)",
        ),
    ),
    "own-exception": Question(
        (
            "class Overdrawn(Exception):\n    pass\ndef withdraw(balance, amount):\n    if amount > balance:\n"
            "        raise Overdrawn(amount - balance)\n    return balance - amount",
            "class Overdrawn(Exception):\n    pass\ndef withdraw(balance, amount):\n    return max(0, balance - amount)",
            "Overdrawn = ValueError\ndef withdraw(balance, amount): raise KeyError(amount)",
        ),
        (
            "assert issubclass(Overdrawn, Exception)\nassert withdraw(10, 3) == 7",
            "try:\n    withdraw(1, 5)\n    assert False, 'nothing was raised'\nexcept Overdrawn as e:\n"
            "    assert e.args[0] == 4",
        ),
    ),
    "recursive": Question(
        (
            "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef fib(n):\n"
            "    return n if n < 2 else fib(n - 1) + fib(n - 2)",
            "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2) + 0 * 1\nfib.calls = 0",
            "def fib(n): return fib(n - 1)",
        ),
        (
            "assert [fib(n) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]",
            "assert fib(60) == 1548008755920 if hasattr(fib, 'cache_info') else fib(15) == 610",
        ),
    ),
    "higher-order": Question(
        (
            "def compose(f, g): return lambda x: f(g(x))\ndef apply_all(fs, x): return [f(x) for f in fs]",
            "def compose(f, g): return lambda x: g(f(x))\ndef apply_all(fs, x): return [f(x) for f in fs]",
            "def compose(f, g): return f\ndef apply_all(fs, x): return None",
        ),
        (
            "assert compose(lambda x: x + 1, lambda x: x * 10)(2) == 21",
            "import math\nassert apply_all([abs, math.sqrt, str], 4) == [4, 2.0, '4']",
        ),
    ),
    "closure": Question(
        (
            "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step",
            "n = 0\ndef counter():\n    def step():\n        global n\n        n += 1\n        return n\n    return step",
            "def counter(): return 1",
        ),
        (
            "step = counter()\nassert step() == 1 and step() == 2",
            "one, two = counter(), counter()\none()\nassert two() == 1",
        ),
    ),
    "decorator": Question(
        (
            "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k) * 2\n"
            "    return inner",
            "def twice(f):\n    return lambda *a: f(*a) * 2",
            "def twice(f): return f",
        ),
        (
            "@twice\ndef shout(word):\n    'Shouts.'\n    return word.upper()\nassert shout('ab') == 'ABAB'",
            "assert twice(lambda x, y=1: x + y)(2, y=3) == 10",
        ),
    ),
    "generator": Question(
        (
            "def evens(n):\n    for i in range(0, n, 2):\n        yield i",
            "def evens(n): return [i for i in range(n) if i % 2 == 0]",
            "def evens(n): return n",
        ),
        (
            "import types\nassert isinstance(evens(3), types.GeneratorType)",
            "assert list(evens(7)) == [0, 2, 4, 6]\nassert sum(evens(5)) == 6\nassert next(iter(evens(3))) == 0",
        ),
    ),
    "printed": Question(
        (
            "def table(n):\n    for i in range(1, n + 1):\n        print(i, i * i, sep=', ')",
            "def table(n):\n    for i in range(1, n + 1):\n        print(i, i * i)",
            "def table(n): return [(i, i * i) for i in range(n)]",
        ),
        (
            "import io\nfrom contextlib import redirect_stdout\nout = io.StringIO()\nwith redirect_stdout(out):\n    table(2)\n"
            "assert out.getvalue() == '1, 1\\n2, 4\\n', out.getvalue()",
            "from io import StringIO\nfrom unittest.mock import patch\n"
            "with patch('sys.stdout', new_callable=StringIO) as fake:\n    table(3)\n"
            "assert len(fake.getvalue().splitlines()) == 3",
        ),
    ),
    "printed-captured": Question(
        (
            "def shout(word): print(word.upper())",
            "def shout(word): print(word)",
            "def shout(word): return word.upper()",
        ),
        (
            "from IPython.utils.capture import capture_output\nwith capture_output() as seen:\n    shout('hey')\n"
            "assert seen.stdout.strip() == 'HEY'",
            "shout('loud')\nprint('checked')",
        ),
    ),
    "documented": Question(
        (
            'def bmi(mass, height=1.8):\n    """Body mass index in kg/m²."""\n    return mass / height ** 2',
            "def bmi(mass, height):\n    return mass / height ** 2",
            "bmi = lambda *a: 22",
        ),
        (
            "assert bmi.__doc__ and 'index' in bmi.__doc__",
            "import inspect\nassert list(inspect.signature(bmi).parameters) == ['mass', 'height']\n"
            "assert round(bmi(81, 1.8)) == 25 and bmi.__name__ == 'bmi'",
        ),
    ),
    "timed": Question(
        (
            "def search(l, x):\n    import bisect\n    i = bisect.bisect_left(l, x)\n    return i if i < len(l) and l[i] == x else -1",
            "def search(l, x): return l.index(x)",
            "def search(l, x): return x in l",
        ),
        (
            "import time\nbegan = time.perf_counter()\nassert search(list(range(5000)), 4321) == 4321\n"
            "assert time.perf_counter() - began < 5",
            "assert search([1, 3, 5], 4) == -1\nassert search([], 1) == -1",
        ),
    ),
    "unittest": Question(
        (
            "def mean(xs):\n    return sum(xs) / len(xs)",
            "def mean(xs):\n    return sum(xs) // len(xs)",
            "def mean(xs): return max(xs)",
        ),
        (
            "import unittest\ncase = unittest.TestCase()\ncase.assertEqual(mean([2, 4]), 3)\n"
            "case.assertAlmostEqual(mean([1, 2]), 1.5)",
            "import unittest\ncase = unittest.TestCase()\nwith case.assertRaises(ZeroDivisionError):\n    mean([])",
        ),
    ),
    "helper": Question(
        (
            "def caesar(text, k):\n    return ''.join(shift(c, k) for c in text)",
            "def caesar(text, k):\n    return ''.join(chr(ord(c) + k) for c in text)",
            "def caesar(text, k): return text",
        ),
        (
            "def check(text, k, expected):\n    got = caesar(text, k)\n    assert got == expected, f'{got!r} for {text!r}'\n"
            "check('abc', 1, 'bcd')",
            "for text, k in (('xyz', 3), ('hello', 13)):\n    assert caesar(caesar(text, k), -k) == text\n"
            "    assert caesar(text, k) == ''.join(shift(c, k) for c in text)",
        ),
        "def shift(c, k):\n    return chr((ord(c) - 97 + k) % 26 + 97)",
    ),
    "data-from-helper": Question(
        (
            "def longest(words): return max(words, key=len)",
            "def longest(words): return max(words)",
            "def longest(words): return words",
        ),
        ("assert longest(sample_words()) == 'papaya'", "assert longest(WORDS) == 'banana' and len(WORDS) == 3"),
        "WORDS = ['fig', 'banana', 'kiwi']\ndef sample_words():\n    return [*WORDS, 'cherries'[:5], 'papaya'][2:]",
    ),
}

# Points that a test counts up.
PARTIAL = {
    "share": Question(
        (
            "def sign(x): return (x > 0) - (x < 0)",
            "def sign(x): return 1 if x >= 0 else -1",
            "def sign(x): return 1",
            "def sign(x): return None",
        ),
        ("sum(sign(x) == s for x, s in ((3, 1), (0, 0), (-2, -1), (5, 1))) / 2", "2.0 * (sign(-1) == -1)"),
    ),
    "points-counted": Question(
        (
            "def stats(xs): return {'min': min(xs), 'max': max(xs), 'n': len(xs)}",
            "def stats(xs): return {'min': min(xs), 'max': max(xs)}",
            "def stats(xs): return {'n': 0}",
            "def stats(xs): return 1 / 0",
        ),
        (
            "points = 0\nfor key, value in {'min': 1, 'max': 9}.items():\n    try:\n"
            "        assert stats([9, 1, 4])[key] == value\n        points += 1\n    except Exception as e:\n        print(key, e)\npoints",
            "points = 0.5\nif stats([2]).get('n') == 1:\n    points += 1.5\npoints",
        ),
    ),
    "not-a-number": Question(
        ("ratio = 3 / 4", "ratio = 0.7", "ratio = 'x'"),
        ("ratio == 0.75", "'right' if ratio == 0.75 else 'wrong'"),
    ),
    "number-of-the-work": Question(
        ("guess = 1.5", "guess = 0", "guess = 'two'"),
        ("guess", "1 if guess == 1.5 else 0"),
    ),
    "last-line-assigned": Question(
        ("level = 4", "level = 3", "level = None"),
        ("worth = 2 if level == 4 else 1\nworth;", "worth = 1 if level == 4 else 0.25\nassert level\nworth"),
    ),
}

# Classes.
CLASSES = {
    "class": Question(
        (
            "class Account:\n    def __init__(self, owner, balance=0):\n        self.owner, self.balance = owner, balance\n"
            "    def deposit(self, x):\n        self.balance += x\n        return self.balance",
            "class Account:\n    def __init__(self, owner, balance=0):\n        self.owner, self.balance = owner, balance\n"
            "    def deposit(self, x): return self.balance + x",
            "class Account: pass",
        ),
        (
            "a = Account('ann')\na.deposit(5)\nassert a.balance == 5 and a.owner == 'ann'",
            "b = Account('bob', balance=2)\nassert b.deposit(3) == 5\nassert hasattr(b, 'owner') and not hasattr(b, 'pin')\n"
            "assert isinstance(b, Account)",
        ),
    ),
    "inherited": Question(
        (
            "class Shape:\n    def area(self): raise NotImplementedError\nclass Square(Shape):\n"
            "    def __init__(self, s): self.s = s\n    def area(self): return self.s ** 2",
            "class Shape:\n    def area(self): return 0\nclass Square:\n    def __init__(self, s): self.s = s\n"
            "    def area(self): return self.s ** 2",
            "class Shape: pass\nclass Square(Shape): pass",
        ),
        (
            "assert issubclass(Square, Shape)\nassert isinstance(Square(1), Shape)",
            "assert Square(3).area() == 9\ntry:\n    Shape().area()\n    raise AssertionError('abstract')\n"
            "except NotImplementedError:\n    pass",
        ),
    ),
    "operators": Question(
        (
            "class Vector:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
            "    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)\n"
            "    def __mul__(self, k): return Vector(self.x * k, self.y * k)\n"
            "    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)\n    def __repr__(self): return f'<{self.x}, {self.y}>'",
            "class Vector:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
            "    def __add__(self, o): return Vector(self.x + o.x, self.y - o.y)\n"
            "    def __mul__(self, k): return Vector(self.x * k, self.y)\n",
            "class Vector:\n    def __init__(self, x, y): pass",
        ),
        (
            "v = Vector(1, 2) + Vector(3, 4)\nassert (v.x, v.y) == (4, 6)",
            "assert Vector(1, 2) * 3 == Vector(3, 6)\nassert not Vector(1, 2) == Vector(2, 1)\nassert repr(Vector(1, 2)) == '<1, 2>'",
        ),
    ),
    "container": Question(
        (
            "class Deck:\n    def __init__(self, cards): self.cards = list(cards)\n    def __len__(self): return len(self.cards)\n"
            "    def __getitem__(self, i): return self.cards[i]\n    def __contains__(self, c): return c in self.cards\n"
            "    def __iter__(self): return iter(self.cards)",
            "class Deck(list): pass",
            "class Deck:\n    def __init__(self, cards): self.cards = cards",
        ),
        (
            "d = Deck('abc')\nassert len(d) == 3 and d[0] == 'a' and 'b' in d and 'z' not in d",
            "assert [c for c in Deck('xy')] == ['x', 'y']\nassert Deck('xyz')[-1] == 'z'",
        ),
    ),
    "properties": Question(
        (
            "class Temp:\n    unit = 'C'\n    def __init__(self, c): self._c = c\n    @property\n    def f(self): return self._c * 9 / 5 + 32\n"
            "    @classmethod\n    def boiling(cls): return cls(100)\n    @staticmethod\n    def valid(c): return c > -273.15",
            "class Temp:\n    def __init__(self, c): self._c = c\n    def f(self): return self._c * 9 / 5 + 32\n"
            "    @staticmethod\n    def valid(c): return True",
            "Temp = None",
        ),
        (
            "assert Temp(0).f == 32\nassert Temp.unit == 'C'",
            "assert Temp.valid(0) and not Temp.valid(-300)\nassert Temp.boiling().f == 212",
        ),
    ),
    "dataclass": Question(
        (
            "from dataclasses import dataclass, field\n@dataclass(order=True)\nclass Point:\n    x: int\n    y: int = 0\n"
            "    tags: list = field(default_factory=list)",
            "class Point:\n    def __init__(self, x, y=0, tags=[]):\n        self.x, self.y, self.tags = x, y, tags",
            "def Point(x, y=0): return (x, y)",
        ),
        (
            "assert Point(1) == Point(1, 0)\nassert Point(1, 2) < Point(2, 1)",
            "p = Point(3)\nassert p.y == 0 and p.tags == []\nassert Point(1) != Point(2) and Point(5, y=2).y == 2",
        ),
    ),
    "named": Question(
        (
            "from collections import namedtuple\nCard = namedtuple('Card', 'rank suit')\nhand = [Card('A', 'h'), Card('2', 's')]",
            "hand = [('A', 'h'), ('2', 's')]\nCard = tuple",
            "hand = []\nCard = None",
        ),
        (
            "assert hand[0].rank == 'A'\nassert Card('K', 'd').suit == 'd'",
            "assert len(hand) == 2 and hand[1][1] == 's'",
        ),
    ),
    "enum": Question(
        (
            "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\nfavourite = Color.BLUE",
            "class Color:\n    RED = 1\n    BLUE = 2\nfavourite = Color.BLUE",
            "Color = favourite = 'blue'",
        ),
        (
            "assert favourite.value == 2 and favourite.name == 'BLUE'",
            "assert favourite == Color.BLUE\nassert Color.RED != Color.BLUE",
        ),
    ),
    "context": Question(
        (
            "class Log:\n    def __init__(self): self.lines = []\n    def __enter__(self):\n        self.lines.append('in')\n        return self\n"
            "    def __exit__(self, *a):\n        self.lines.append('out')",
            "class Log:\n    def __init__(self): self.lines = []\n    def __enter__(self):\n        self.lines.append('in')\n        return self\n"
            "    def __exit__(self, *a): pass",
            "class Log: pass",
        ),
        (
            "log = Log()\nwith log as l:\n    l.lines.append('x')\nassert log.lines[0] == 'in'",
            "log = Log()\nwith log:\n    pass\nassert log.lines == ['in', 'out']",
        ),
    ),
    "linked": Question(
        (
            "class Node:\n    def __init__(self, v, next=None): self.v, self.next = v, next\n"
            "def reverse(n):\n    last = None\n    while n: n.next, last, n = last, n, n.next\n    return last",
            "class Node:\n    def __init__(self, v, next=None): self.v, self.next = v, next\ndef reverse(n): return n",
            "class Node:\n    def __init__(self, v): self.v = v\ndef reverse(n): return None",
        ),
        (
            "n = Node(1, Node(2, Node(3)))\nassert n.next.next.v == 3 and n.next.next.next is None",
            "n = reverse(Node(1, Node(2, Node(3))))\nvalues = []\nwhile n is not None:\n    values.append(n.v)\n    n = n.next\n"
            "assert values == [3, 2, 1]",
        ),
    ),
}

# Arrays and tables.
ARRAYS = {
    "array": Question(
        (
            "import numpy as np\ngrid = np.arange(12).reshape(3, 4)\nevens = grid[grid % 2 == 0]",
            "import numpy as np\ngrid = np.arange(12).reshape(4, 3)\nevens = grid[grid % 2 == 0]",
            "grid = [[0] * 4] * 3\nevens = None",
        ),
        (
            "import numpy as np\nassert isinstance(grid, np.ndarray) and grid.shape == (3, 4)",
            "import numpy as np\nnp.testing.assert_array_equal(evens, [0, 2, 4, 6, 8, 10])",
        ),
    ),
    "close": Question(
        (
            "import numpy as np\ndef standardise(a): return (a - a.mean(axis=0)) / a.std(axis=0)",
            "import numpy as np\ndef standardise(a): return (a - a.mean()) / a.std()",
            "def standardise(a): return a",
        ),
        (
            "import numpy as np\nr = standardise(np.array([[1., 10.], [3., 30.]]))\nnp.testing.assert_allclose(r, [[-1, -1], [1, 1]])",
            "import numpy as np\na = np.random.default_rng(0).normal(size=(50, 3))\n"
            "assert np.allclose(standardise(a).mean(axis=0), 0) and standardise(a).shape == a.shape",
        ),
    ),
    "dtype": Question(
        (
            "import numpy as np\nmask = np.array([1, 0, 3]) > 0\nhalf = np.float32(0.5)\nmade = np.zeros(3, dtype='int64')",
            "import numpy as np\nmask = np.array([1, 0, 1])\nhalf = 0.5\nmade = np.zeros(3)",
            "mask = half = made = 0",
        ),
        (
            "import numpy as np\nassert mask.dtype == bool and mask.sum() == 2",
            "import numpy as np\nassert isinstance(half, np.floating) and made.dtype == np.int64",
        ),
    ),
    "linear-algebra": Question(
        (
            "import numpy as np\nx = np.linalg.solve([[2, 0], [1, 1]], [4, 3])",
            "import numpy as np\nx = np.array([2.0001, 1])",
            "x = None",
        ),
        (
            "import numpy as np\nnp.testing.assert_almost_equal(x, [2, 1], decimal=3)",
            "import numpy as np\nassert np.array_equal(np.round(x, 6), [2, 1])",
        ),
    ),
    "array-in-place": Question(
        (
            "def clip(a): a[a > 1] = 1",
            "def clip(a): a[a > 1] = 1; return a",
            "def clip(a): return a * 0",
        ),
        (
            "import numpy as np\na = np.array([0.5, 2, 3])\nassert clip(a) is None\nassert a.max() == 1",
            "import numpy as np\na = np.array([[5., 0.], [0., 0.]])\nclip(a)\nnp.testing.assert_equal(a, [[1, 0], [0, 0]])",
        ),
    ),
    "missing-numbers": Question(
        (
            "import numpy as np\nvals = np.array([1, np.nan, 3])\navg = np.nanmean(vals)",
            "import numpy as np\nvals = np.array([1, 0, 3])\navg = vals.mean()",
            "vals = [1, None, 3]\navg = float('nan')",
        ),
        ("import numpy as np\nassert np.isnan(vals[1]) and len(vals) == 3", "assert avg == 2 and avg == avg"),
    ),
    "array-shares": Question(
        (
            "import numpy as np\ndef softmax(z):\n    e = np.exp(z - z.max())\n    return e / e.sum()",
            "import numpy as np\ndef softmax(z):\n    return np.exp(z)",
            "def softmax(z): return z",
        ),
        (
            "import numpy as np\ns = softmax(np.array([1., 2., 3.]))\nfloat(np.isclose(s.sum(), 1)) + float(s.argmax() == 2)",
            "import numpy as np\nassert np.isfinite(softmax(np.array([1000., 1000.]))).all()",
        ),
    ),
}

TABLES = {
    "table": Question(
        (
            "import pandas as pd\npeople = pd.DataFrame({'name': ['ann', 'bob', 'cy'], 'age': [31, 25, 40]})\n"
            "old = people[people['age'] > 30].reset_index(drop=True)",
            "import pandas as pd\npeople = pd.DataFrame({'name': ['ann', 'bob', 'cy'], 'age': [31, 25, 40]})\n"
            "old = people[people['age'] > 30]",
            "people = old = {'name': []}",
        ),
        (
            "import pandas as pd\nassert isinstance(people, pd.DataFrame)\nassert list(people.columns) == ['name', 'age'] and people.shape == (3, 2)",
            "import pandas as pd\npd.testing.assert_frame_equal(old, pd.DataFrame({'name': ['ann', 'cy'], 'age': [31, 40]}))",
        ),
    ),
    "series": Question(
        (
            "import pandas as pd\nsales = pd.Series([3, 5], index=['mon', 'tue'], name='sales')",
            "import pandas as pd\nsales = pd.Series([3.0, 5.0], index=['mon', 'tue'], name='sales')",
            "sales = [3, 5]",
        ),
        (
            "import pandas as pd\npd.testing.assert_series_equal(sales, pd.Series([3, 5], index=['mon', 'tue'], name='sales'))",
            "assert sales['tue'] == 5 and sales.name == 'sales'",
        ),
    ),
    "grouped": Question(
        (
            "def totals(df): return df.groupby('k')['v'].sum()",
            "def totals(df): return df.groupby('k', as_index=False)['v'].sum()",
            "def totals(df): return df['v'].sum()",
        ),
        (
            "import pandas as pd\nf = pd.DataFrame({'k': list('aba'), 'v': [1, 2, 3]})\nassert totals(f)['a'] == 4",
            "import pandas as pd\nf = pd.DataFrame({'k': list('aba'), 'v': [1, 2, 3]})\n"
            "assert totals(f).to_dict() == {'a': 4, 'b': 2}\nassert list(f['v']) == [1, 2, 3]",
        ),
    ),
    "dates": Question(
        (
            "import pandas as pd\nts = pd.DataFrame({'v': range(4)}, index=pd.date_range('2024-01-30', periods=4, freq='D'))\n"
            "monthly = ts['v'].groupby(ts.index.month).mean()",
            "import pandas as pd\nts = pd.DataFrame({'v': range(4)}, index=pd.date_range('2024-01-30', periods=4, freq='D'))\n"
            "monthly = ts['v']",
            "ts = monthly = None",
        ),
        (
            "import pandas as pd\nassert isinstance(ts.index, pd.DatetimeIndex)\nassert ts.loc['2024-02-01', 'v'] == 2\nassert ts.index[0] == pd.Timestamp('2024-01-30')",
            "assert monthly.loc[1] == 0.5 and len(monthly) == 2",
        ),
    ),
    "missing": Question(
        (
            "def clean(df): return df.dropna(subset=['x']).fillna({'y': 0})",
            "def clean(df): return df.fillna(0)",
            "def clean(df): return df",
        ),
        (
            "import pandas as pd, numpy as np\nraw = pd.DataFrame({'x': [1, np.nan, 3], 'y': [np.nan, 5, 6]})\n"
            "assert clean(raw).isna().sum().sum() == 0\nassert raw.isna().sum().sum() == 2",
            "import pandas as pd, numpy as np\nraw = pd.DataFrame({'x': [1, np.nan, 3], 'y': [np.nan, 5, 6]})\n"
            "assert len(clean(raw)) == 2 and clean(raw)['y'].tolist() == [0, 6]",
        ),
    ),
    "joined": Question(
        (
            "def enrich(a, b): return a.merge(b, on='id', how='left')",
            "def enrich(a, b): return a.merge(b, on='id')",
            "def enrich(a, b): return b",
        ),
        (
            "import pandas as pd\nm = enrich(pd.DataFrame({'id': [1, 2]}), pd.DataFrame({'id': [1], 'n': ['x']}))\nassert 'n' in m and m.loc[0, 'n'] == 'x'",
            "import pandas as pd\nm = enrich(pd.DataFrame({'id': [1, 2]}), pd.DataFrame({'id': [1], 'n': ['x']}))\n"
            "assert m.shape == (2, 2)\nassert m['n'].isnull().sum() == 1",
        ),
    ),
    "column-added": Question(
        (
            "def add_ratio(df): df['r'] = df['a'] / df['b']",
            "def add_ratio(df): return df.assign(r=df['a'] / df['b'])",
            "def add_ratio(df): df['r'] = 0",
        ),
        (
            "import pandas as pd\nt = pd.DataFrame({'a': [1, 4], 'b': [2, 2]})\nadd_ratio(t)\nassert 'r' in t.columns",
            "import pandas as pd\nt = pd.DataFrame({'a': [1, 4], 'b': [2, 2]})\nadd_ratio(t)\nassert t['r'].tolist() == [0.5, 2.0]",
        ),
    ),
    "text-columns": Question(
        (
            "import pandas as pd\nmail = pd.Series(['a@x.org', 'b@y.de']).str.split('@').str[1]\npivot = pd.DataFrame({'d': ['m', 't'], 'p': ['x', 'x'], 'q': [1, 2]}).pivot(index='d', columns='p', values='q')",
            "import pandas as pd\nmail = pd.Series(['x.org', 'y.com'])\npivot = pd.DataFrame({'x': [1, 2]}, index=['m', 't'])",
            "mail = pivot = ''",
        ),
        (
            "assert list(mail) == ['x.org', 'y.de']",
            "assert pivot.loc['t', 'x'] == 2\nassert pivot.index.tolist() == ['m', 't']",
        ),
    ),
    "from-a-file": Question(
        (
            "import pandas as pd\nscores = pd.read_csv('scores.csv')\nbest = scores.loc[scores['points'].idxmax(), 'who']",
            "import pandas as pd\nscores = pd.read_csv('scores.csv', header=None)\nbest = 'bob'",
            "import pandas as pd\nscores = pd.read_csv('nothing.csv')\nbest = 'bob'",
        ),
        ("assert len(scores) == 3 and scores['points'].sum() == 24", "assert best == 'bob'"),
    ),
    "equal-tables": Question(
        (
            "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2]})\ns = frame['a'] * 2",
            "import pandas as pd\nframe = pd.DataFrame({'a': [1.0, 2.0]})\ns = frame['a'] * 2",
            "frame = s = 1",
        ),
        (
            "import pandas as pd\nassert frame.equals(pd.DataFrame({'a': [1, 2]}))",
            "assert (s == [2, 4]).all()\nassert s.max() == 4",
        ),
    ),
}

# Figures and models.
PICTURES = {
    "line": Question(
        (
            "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([0, 1, 2], [0, 1, 4], label='squares')\n"
            "ax.set_xlabel('x')\nax.set_title('Squares')\nax.legend()\nplt.show()",
            "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([0, 1, 2], [0, 1, 2])\nax.set_title('squares')\nplt.show()",
            "fig = ax = None",
        ),
        (
            "assert ax.get_title() == 'Squares' and ax.get_xlabel() == 'x'",
            "import numpy as np\nassert len(ax.lines) == 1\nnp.testing.assert_array_equal(ax.lines[0].get_ydata(), [0, 1, 4])\n"
            "assert [t.get_text() for t in ax.get_legend().get_texts()] == ['squares']",
        ),
    ),
    "bars": Question(
        (
            "import matplotlib.pyplot as plt\ndef bars(d):\n    fig, ax = plt.subplots()\n    ax.bar(list(d), list(d.values()))\n    return ax",
            "import matplotlib.pyplot as plt\ndef bars(d):\n    fig, ax = plt.subplots()\n    ax.barh(list(d), list(d.values()))\n    return ax",
            "def bars(d): return d",
        ),
        (
            "axis = bars({'a': 3, 'b': 5})\nassert len(axis.patches) == 2",
            "axis = bars({'a': 3, 'b': 5})\nassert [p.get_height() for p in axis.patches] == [3, 5]",
        ),
    ),
    "scatter": Question(
        (
            "import matplotlib.pyplot as plt\nplt.figure(figsize=(4, 3))\nplt.scatter([1, 2], [3, 4])\nplt.ylabel('height')\naxes = plt.gca()",
            "import matplotlib.pyplot as plt\nplt.figure(figsize=(4, 3))\nplt.plot([1, 2], [3, 4])\naxes = plt.gca()",
            "axes = 0",
        ),
        (
            "assert axes.get_ylabel() == 'height'",
            "import numpy as np\nassert len(axes.collections) == 1\nassert np.asarray(axes.collections[0].get_offsets()).shape == (2, 2)",
        ),
    ),
}
MODELS = {
    "fitted": Question(
        (
            "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression().fit([[0], [1], [2]], [1, 3, 5])",
            "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression(fit_intercept=False).fit([[0], [1], [2]], [1, 3, 5])",
            "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression()",
        ),
        (
            "from sklearn.linear_model import LinearRegression\nassert isinstance(model, LinearRegression)\nassert abs(model.coef_[0] - 2) < 1e-6",
            "from sklearn.metrics import mean_squared_error\nassert mean_squared_error([7], model.predict([[3]])) < 0.01",
        ),
    ),
    "pipeline": Question(
        (
            "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\n"
            "from sklearn.linear_model import LogisticRegression\ndef build(): return make_pipeline(StandardScaler(), LogisticRegression())",
            "from sklearn.linear_model import LogisticRegression\ndef build(): return LogisticRegression()",
            "def build(): return None",
        ),
        (
            "built = build()\nassert list(built.named_steps) == ['standardscaler', 'logisticregression']",
            "from sklearn.datasets import load_iris\nX, y = load_iris(return_X_y=True)\n"
            "assert build().fit(X[:100], y[:100]).score(X[:100], y[:100]) > 0.95",
        ),
    ),
    "split": Question(
        (
            "from sklearn.model_selection import train_test_split\ntrain, test = train_test_split(list(range(10)), test_size=0.3, random_state=1)",
            "train, test = list(range(7)), list(range(7, 10))",
            "train = test = range(10)",
        ),
        (
            "assert len(train) == 7 and len(test) == 3",
            "assert set(train) | set(test) == set(range(10)) and not set(train) & set(test)\nassert train != sorted(train)",
        ),
    ),
    "curve": Question(
        (
            "from scipy import optimize, stats\nlowest = optimize.minimize_scalar(lambda x: (x - 3) ** 2).x\np = stats.norm.cdf(0)",
            "lowest = 3.1\np = 0.5",
            "lowest = p = 0",
        ),
        ("assert abs(lowest - 3) < 1e-3", "import numpy as np\nassert np.isclose(p, 0.5)"),
    ),
}

# The notebook itself: magics, names of earlier cells, how far a mistake reaches.
NOTEBOOKS = {
    "magics": Question(
        (
            "%matplotlib inline\nlisted = !echo one two\nx = 3\nsquared = %sx echo 9",
            "%matplotlib inline\nlisted = ['one']\nsquared = []",
            "%nothing of the kind\nlisted = 1",
        ),
        ("assert list(listed) == ['one two']", "assert len(squared) == 1"),
    ),
    "cell-magic": Question(
        ("%%time\nworked = [i for i in range(3)]", "%%time\nworked = [0, 1]", "%%nothing\nworked = 1"),
        ("%%time\nassert len(worked) > 1", "assert worked == [0, 1, 2]"),
    ),
    "syntax": Question(
        ("ok = 1\nfine = 2", "ok = 1\nfine = = 2", "ok = 1\n  fine = 2"),
        ("assert ok == 1", "assert fine == 2"),
    ),
    "half-way": Question(
        ("first = 1\nsecond = first + 1", "first = 1\nsecond = 1 / 0", "1 / 0\nfirst = 1"),
        ("assert first == 1", "assert second == 2"),
    ),
    "builtin-asked-for": Question(
        (
            "def max(xs):\n    best = xs[0]\n    for x in xs: best = x if x > best else best\n    return best",
            "def max(xs): return xs[-1]",
            "max = 3",
        ),
        ("assert max([1, 3, 2]) == 3", "assert max([5]) == 5 and max([1, 2]) == 2"),
    ),
    "test-with-output": Question(
        ("seen = 'yes'", "seen = 'no'", "seen = 1"),
        (
            "print('looking at', seen)\nassert seen == 'yes'\nprint('fine')",
            "from IPython.display import HTML, display\ndisplay(HTML('<b>shown</b>'))\nassert isinstance(seen, str)\nseen",
        ),
    ),
    "displayed": Question(
        (
            "from IPython.display import display\nimport pandas as pd\nshown = pd.DataFrame({'a': [1]})\ndisplay(shown)\nprint('done')\nshown",
            "shown = [1]\nshown",
            "print('no')",
        ),
        ("assert shown is not None", "assert shown['a'].iloc[0] == 1\nshown"),
    ),
    "loop-variables": Question(
        (
            "squares = {}\nfor i in range(4):\n    squares[i] = i * i\nlast = i",
            "squares = {i: i * i for i in range(4)}",
            "squares = {}\nlast = 3",
        ),
        ("assert squares[3] == 9", "assert last == 3"),
    ),
    "json-and-text": Question(
        (
            "import json, re\nsettings = json.loads('{\"a\": [1, 2.5, null], \"b\": true}')\nfound = re.findall(r'\\d+', 'a1b22')",
            "settings = {'a': [1, 2.5], 'b': True}\nfound = [1, 22]",
            "settings = found = ''",
        ),
        ("assert settings['a'][2] is None and settings['b'] is True", "assert found == ['1', '22']"),
    ),
    "random-with-its-own-seed": Question(
        (
            "import random\ndef rolls(n, seed):\n    r = random.Random(seed)\n    return [r.randint(1, 6) for _ in range(n)]",
            "import random\ndef rolls(n, seed):\n    return [random.randint(1, 6) for _ in range(n)]",
            "def rolls(n, seed): return [7] * n",
        ),
        (
            "import random\nr = random.Random(5)\nassert rolls(20, 5) == [r.randint(1, 6) for _ in range(20)]",
            "assert all(1 <= x <= 6 for x in rolls(50, 1)) and len(rolls(3, 2)) == 3",
        ),
    ),
    "shared-tests": Question(
        ("limit_used = 10", "limit_used = 9", "limit_used = 0"),
        (
            "TOLERANCE = 1\ndef near(a, b): return abs(a - b) <= TOLERANCE\nassert near(limit_used, 10)",
            "assert limit_used == 10 and TOLERANCE == 1",
        ),
    ),
}

GROUPS = (VALUES, FUNCTIONS, PARTIAL, CLASSES, ARRAYS, TABLES, PICTURES, MODELS, NOTEBOOKS)
