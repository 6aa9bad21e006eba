"""Unit tests of a file beside the notebook, run here and told one by one."""

from __future__ import annotations

import importlib.util
import sys
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course.learn.told import Told


def show_tests(path: str) -> None:
    """Run the unit tests of a file and print how each one ended. Raises Told if there is no such file."""
    file = Path(path)
    if not file.is_file():
        raise Told(f"There is no file {file.name}: run the begin cell again.")
    with _importing_from(file.parent):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        tests = list(_flat(unittest.defaultTestLoader.loadTestsFromModule(module)))
        result = unittest.TestResult()
        for test in tests:
            test.run(result)
    wrong = {test.id(): text.strip().splitlines()[-1] for test, text in (*result.failures, *result.errors)}
    print(f"{file.name}: {len(tests) - len(wrong)} of {len(tests)} tests passed")
    for test in tests:
        name = test.id().rpartition("test_")[2].replace("_", " ")
        print(
            f"  {'✗ failed' if test.id() in wrong else '✓ passed'}  {name}",
            *([wrong[test.id()]] if test.id() in wrong else []),
        )


def _flat(suite: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    if isinstance(suite, unittest.TestCase):
        yield suite
    else:
        for test in suite:
            yield from _flat(test)


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let the tests import their neighbours, and leave no trace of those in the kernel."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        neighbours = {file.stem for file in folder.glob("*.py")}
        for name in set(sys.modules) - before:
            if name in neighbours:
                del sys.modules[name]
