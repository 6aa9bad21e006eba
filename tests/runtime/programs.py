"""The entry of every test job: the test's own text, so that an attack stands beside what is expected of it."""

import os


def text() -> None:
    """Run the program in the variable PROGRAM."""
    exec(compile(os.environ["PROGRAM"], "<job>", "exec"), {"__name__": "__main__"})
