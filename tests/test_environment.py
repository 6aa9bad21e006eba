"""The pins: pyproject.toml, requirements.lock and environment.yml agree, for every platform, and name no index."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from course import environment

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SYSTEMS = [("linux", "posix", "Linux"), ("darwin", "posix", "Darwin")]
PYTHONS = ["3.11.7", "3.12.4", "3.13.1"]


def test_environment_yml_is_what_the_lock_gives() -> None:
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment.environment(LOCK)


def test_environment_yml_holds_every_pin_of_the_lock() -> None:
    document = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = document["dependencies"]
    assert document["name"] == "five-bridges"
    assert (python, pip) == ("python>=3.11,<3.14", "pip")
    assert packages == {"pip": [*environment.pins(LOCK), "-e ."]}


def test_the_lock_names_no_address() -> None:
    text = LOCK + (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert not re.search(r"://|@ |--(extra-)?index|--find-links|--trusted", text)


def test_every_line_of_the_lock_is_a_pin_with_hashes() -> None:
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        first, *hashes = (line.strip().removesuffix(" \\") for line in block.splitlines())
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+( ; .+)?", first), first
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), first


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system[2])
def test_every_system_gets_each_package_once_and_as_asked(system: tuple[str, str, str], python: str) -> None:
    marks = {
        "sys_platform": system[0],
        "os_name": system[1],
        "platform_system": system[2],
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    chosen: dict[str, str] = {}
    for pin in map(Requirement, environment.pins(LOCK)):
        if pin.marker is None or pin.marker.evaluate(marks):
            assert pin.name not in chosen
            chosen[pin.name] = str(pin.specifier)
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["author"]]
    for requirement in map(Requirement, asked):
        if requirement.marker is None or requirement.marker.evaluate(marks):
            assert chosen[requirement.name] == str(requirement.specifier)


def test_a_stale_environment_yml_is_told(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("boto3==1.0 \\\n    --hash=sha256:00\n")
    command = [sys.executable, "-m", "course.environment"]
    stale = subprocess.run([*command, "--check"], cwd=tmp_path, capture_output=True, text=True)
    assert (stale.returncode, stale.stderr.count("\n")) == (1, 1)
    subprocess.run(command, cwd=tmp_path, check=True)
    assert "      - boto3==1.0\n" in (tmp_path / "environment.yml").read_text()
    assert subprocess.run([*command, "--check"], cwd=tmp_path).returncode == 0


def test_what_is_no_pin_is_refused() -> None:
    with pytest.raises(ValueError, match="not a pin"):
        environment.pins("boto3>=1.0\n")
