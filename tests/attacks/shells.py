"""Attacks on the shell that runs the cells: what IPython lets a notebook hang into it."""

# ruff: noqa: E501  # what a cell holds is easier to read in one line

from tests.attacks.attack import Attack

NOTHING = "\nanswer = 0\ndef f(*a): return 0"

ATTACKS = {
    "a transformer of cells": Attack(
        "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: ['pass\\n'])\n"
        "ip.input_transformers_post.append(lambda lines: ['pass\\n'])" + NOTHING,
        honest=1.0,  # it empties the cell of the honest question after it too: that is the learner's own doing
    ),
    "a transformer of trees": Attack(
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(T())" + NOTHING
    ),
    "hooks before and after cells": Attack(
        "ip = get_ipython()\ndef hook(*a):\n    ip.user_ns.update(answer=42, f=lambda x: 0)\n"
        "for name in ('pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell'):\n"
        "    ip.events.register(name, hook)\nanswer = 0\ndef f(*a): return 0",
        score=1.0,  # so `answer` is 42 in the end, in the work itself: no more than that is worth
    ),
    "a shell that runs nothing": Attack(
        "from IPython.core.interactiveshell import InteractiveShell, ExecutionResult\n"
        "import types\nclass R:\n    success = True\n    error_in_exec = error_before_exec = None\n    result = 1\n"
        "InteractiveShell.run_cell = lambda *a, **k: R()" + NOTHING,
        honest=1.0,  # the cell after it is not run any more
    ),
    "a handler of exceptions": Attack(
        "get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)\nimport sys\n"
        "sys.excepthook = lambda *a: None" + NOTHING
    ),
    "a display hook that shows full points": Attack(
        "import sys\nip = get_ipython()\ntype(ip.display_formatter).format = lambda s, o, *a, **k: ({'text/plain': '1.0'}, {})\n"
        "sys.displayhook = lambda v: None" + NOTHING
    ),
    "traces and profiles": Attack(
        "import sys, threading\ndef trace(frame, event, arg):\n    frame.f_globals['answer'] = 0\n    return trace\n"
        "sys.setprofile(lambda *a: None)\nthreading.settrace(trace)" + NOTHING
    ),
    "an import hook": Attack(
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None): return None\n"
        "    def find_module(self, *a): return None\nsys.meta_path.insert(0, Finder())\n"
        "import unittest.mock\nfor name in ('pandas', 'pandas.testing', 'numpy.testing', 'math'):\n"
        "    sys.modules[name] = unittest.mock.MagicMock()" + NOTHING
    ),
    "magics by the names of tests' functions": Attack(
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef assert_(line): pass\n"
        "get_ipython().run_line_magic('alias_magic', 'sum time')" + NOTHING
    ),
}
