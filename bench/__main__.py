"""Run the measures and print their table; `--write` puts it into bench/README.md."""

import argparse
import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

MEASURES = ("clouds", "kernels", "serving", "week", "grading")
LONG = ("transform",)  # run when it is named only
README = Path(__file__).with_name("README.md")
_MARK = "<!-- figures -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES, *LONG], help="which measures (default: all)")
    parser.add_argument("--write", action="store_true", help="keep the table in bench/README.md")
    options = parser.parse_args()
    figures = [
        figure for name in options.names or MEASURES for figure in importlib.import_module(f"bench.{name}").measure()
    ]
    lines = ["| what | figure | target | | remark |", "|---|---|---|---|---|", *(figure.row() for figure in figures)]
    table = "\n".join(lines)
    print(table)
    if options.write:
        head = README.read_text().split(_MARK)[0]
        where = (
            f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
            f"{platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}, load average {os.getloadavg()[0]:.1f}"
        )
        README.write_text(f"{head}{_MARK}\nLast run: {where}.\n\n{table}\n")
    return 1 if any(figure.met is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
