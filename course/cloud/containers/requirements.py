"""requirements.txt in a cloud without internet: satisfied by what is installed, or refused by name.

AWS's containers run ``pip install -r requirements.txt`` before the learner's code. Nothing can be fetched here, so the
file is only compared with what is installed.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from course.cloud.containers.failure import CommandFailed

FILE = "requirements.txt"


def check_requirements(folder: Path, python: str) -> None:
    """Raise CommandFailed, in the form of a failed pip, unless every line of ``folder/requirements.txt`` is satisfied.

    A folder without that file is fine. ``python`` is the interpreter shown in the failure.
    """
    path = folder / FILE
    if not path.is_file():
        return
    unmet = [why for line in path.read_text(encoding="utf-8-sig").splitlines() if (why := _unmet(line))]
    if unmet:
        raise CommandFailed(
            "InstallRequirementsError",
            1,
            "Installing packages is not possible in this cloud, which has no internet, and these lines of "
            f"{FILE} are not met by what is installed: {'; '.join(unmet)}. Remove them, or ask for what is installed.",
            f"{python} -m pip install -r {FILE}",
        )


def _unmet(line: str) -> str | None:
    """Why a line of the file is not satisfied; None when it is, or when it asks for nothing."""
    from packaging.requirements import InvalidRequirement, Requirement

    line = line.split(" #")[0].strip()
    if not line or line.startswith("#"):
        return None
    try:
        return _missing(Requirement(line))
    except InvalidRequirement:
        return f"{line} (no plain requirement)"


def _missing(requirement, extra: str = "") -> str | None:
    """Why a requirement, or one of those behind its extras, is not satisfied."""
    from packaging.requirements import Requirement

    if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
        return None
    if requirement.url:
        return f"{requirement} (an address)"
    try:
        installed = metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement} (not installed)"
    if not requirement.specifier.contains(installed.version, prereleases=True):
        return f"{requirement} ({installed.version} is installed)"
    for wanted in requirement.extras:
        for dependency in map(Requirement, installed.requires or ()):
            if dependency.marker and "extra" in str(dependency.marker) and (why := _missing(dependency, wanted)):
                return f"{requirement}: {why}"
    return None
