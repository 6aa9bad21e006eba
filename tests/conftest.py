"""In CI a skip is a failure: everything that a test needs must be there. Elsewhere a skip says what is missing."""

import os
from collections.abc import Iterator

import pytest

# Notebooks under tests/ are material for tests; `--nbval` must not run them.
collect_ignore_glob = ["*.ipynb"]

CI = os.environ.get("CI") == "true"


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
