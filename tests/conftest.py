"""In CI a skip is a failure: everything that a test needs must be there. Elsewhere a skip says what is missing.

`course verify` runs beside the other tests, at a low priority: it takes as long as all of them, and neither fills two
processors. CI verifies each exercise on two attempts; five are for `make verify ARGS='--seeds 5'`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Notebooks under tests/ are material for tests; `--nbval` must not run them.
collect_ignore_glob = ["*.ipynb"]

CI = os.environ.get("CI") == "true"
VERIFY = ["nice", "-n", "10", sys.executable, "-m", "course", "verify", "--seeds", "2" if CI else "1"]
VERIFYING = pytest.StashKey[subprocess.Popen[str]]()
AHEAD = pytest.StashKey[set[str]]()  # tests in a browser that are still to come


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = any("verifying" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and not session.config.option.collectonly:
        session.config.stash[AHEAD] = {item.nodeid for item in session.items if item.get_closest_marker("browser")}


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Begin to verify once the last test in a browser is over: on a busy machine keys that are pressed get lost."""
    ahead = item.config.stash.get(AHEAD, None)
    if ahead is not None:
        ahead.discard(item.nodeid)
        if not ahead:
            _verify(item.config)


def _verify(config: pytest.Config) -> subprocess.Popen[str]:
    """`course verify`, started when it is first asked for."""
    if VERIFYING not in config.stash:
        root = Path(__file__).resolve().parents[1]
        config.stash[VERIFYING] = subprocess.Popen(
            VERIFY, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    return config.stash[VERIFYING]


def pytest_unconfigure(config: pytest.Config) -> None:
    verifying = config.stash.get(VERIFYING, None)
    if verifying and verifying.poll() is None:
        verifying.kill()  # its kernels and clouds end with it
        verifying.communicate()


@pytest.fixture
def verifying(request: pytest.FixtureRequest) -> subprocess.Popen[str]:
    """`course verify` of every exercise, under way since the tests in a browser ended."""
    return _verify(request.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    return _strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    return _strict((yield))


def _strict(report):
    if CI and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome, report.longrepr = "failed", f"{reason}\nNothing may be skipped in CI: install what is missing."
    return report
