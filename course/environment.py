"""`environment.yml`: the pins of `requirements.lock` for conda users.

    python -m course.environment            writes environment.yml
    python -m course.environment --check    exit 1 if it is not what the lock says

Stdlib only: `make lock` calls it before anything is installed.
"""

import re
import sys
from pathlib import Path

LOCK = "requirements.lock"
ENVIRONMENT = "environment.yml"
# The Pythons that the lock was resolved for; conda takes the newest.
PYTHONS = ">=3.11,<3.14"

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.+?))?(?: \\)?$")


def pins(lock: str) -> list[str]:
    """The requirements of a lock's text, without hashes: "appnope==1.0.0 ; sys_platform == 'darwin'"."""
    lines = (line.strip() for line in lock.splitlines() if line[:1] not in ("", " ", "#"))
    found = []
    for line in lines:
        match = _PIN.match(line)
        if match is None:
            raise ValueError(f"{LOCK}: {line!r} is not a pin of the form name==version")
        name, version, marker = match.groups()
        found.append(f"{name}=={version}" + (f" ; {marker}" if marker else ""))
    return found


def environment(lock: str) -> str:
    """The text of environment.yml for a lock's text."""
    # Plain YAML scalars: a marker holds neither ": " nor " #".
    listed = "\n".join(f"      - {pin}" for pin in pins(lock))
    return (
        f"# Made from {LOCK} by `python -m course.environment`; a test proves that the two agree.\n"
        "name: five-bridges\n"
        "channels:\n"
        "  - conda-forge\n"
        "dependencies:\n"
        f"  - python{PYTHONS}\n"
        "  - pip\n"
        "  - pip:\n"
        f"{listed}\n"
        "      - -e .\n"
    )


def main(arguments: list[str]) -> int:
    text = environment(Path(LOCK).read_text(encoding="utf-8"))
    written = Path(ENVIRONMENT)
    if arguments == ["--check"]:
        if written.is_file() and written.read_text(encoding="utf-8") == text:
            return 0
        print(f"{ENVIRONMENT} is not what {LOCK} says: run python -m course.environment", file=sys.stderr)
        return 1
    written.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
