"""What is hidden wherever the course and its Python lie; that nothing else shows is proven in test_sandbox."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

import course
from tests.runtime.conftest import check_namespaces

ROOT = Path(course.__file__).resolve().parents[1]
LIBRARIES = Path(numpy.__file__).parents[1]

LISTING = """
import os, subprocess, sys

def main():
    for path in os.environ["LOOK"].split(os.pathsep):
        print(path, sorted(os.listdir(path)) if os.path.isdir(path) else "missing")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", "import numpy, sys; print(sys.prefix)"])
"""

DRIVER = """
import asyncio, dataclasses, sys, tempfile
from pathlib import Path
if sys.argv[1:2] == ["--preload"]:
    from course.cloud.parent import KINDS
    from course.runtime import parent
    KINDS["job"] = dataclasses.replace(KINDS["job"], modules=(), packages=(), small=None)
    sys.exit(parent.main(KINDS))
from course.cloud.launch import start_parents
from course.runtime.process import Spec, launch

async def main():
    with tempfile.TemporaryDirectory() as folder:
        with start_parents(Path(folder) / "p", ("job",), (sys.executable, "-P", __file__)) as parents:
            (Path(folder) / "opt").mkdir()
            spec = Spec("listing:main", Path(folder) / "opt", {"LOOK": sys.argv[1]})
            job = await launch(parents.sockets["job"], spec)
            async for line in job.lines():
                print(line.decode())
            await job.wait()
            job.close()

asyncio.run(main())
"""


@pytest.fixture
def place(tmp_path):
    """A checkout with an environment in it: (checkout, its Python, the environment's packages)."""
    check_namespaces()
    checkout = tmp_path / "checkout"
    (checkout / "source").mkdir(parents=True)
    (checkout / "source" / "solution.txt").write_text("42")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout / ".venv")], check=True)
    (packages,) = (checkout / ".venv" / "lib").glob("python*/site-packages")
    (packages / "libraries.pth").write_text(f"{LIBRARIES}\n")
    (packages / "listing.py").write_text(LISTING)
    (tmp_path / "driver.py").write_text(DRIVER)
    return checkout, str(checkout / ".venv" / "bin" / "python"), packages


def copy_course(folder: Path) -> None:
    """The package as it is installed, but for what a sandbox does not need."""
    for name in ("__init__.py", "cloud/__init__.py", "cloud/launch.py", "cloud/parent.py", "hidden/__init__.py"):
        (folder / "course" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "course" / name, folder / "course" / name)
    shutil.copytree(ROOT / "course" / "runtime", folder / "course" / "runtime")


def look(place: tuple, paths: list[Path], **environment: str) -> list[str]:
    """What a job sees at the paths, with this course and this Python."""
    checkout, python, _ = place
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    command = [python, "-P", str(checkout.parent / "driver.py"), os.pathsep.join(map(str, paths))]
    answer = subprocess.run(command, capture_output=True, text=True, env=kept | environment, timeout=30)
    assert not answer.stderr, answer.stderr
    return answer.stdout.splitlines()


def test_an_environment_inside_the_checkout(place):
    checkout, _, packages = place
    (checkout / "pyproject.toml").touch()
    copy_course(checkout)
    lines = look(place, [checkout, checkout / "source", packages / "listing.py"], PYTHONPATH=str(checkout))
    assert lines[:2] == [f"{checkout} ['.venv']", f"{checkout / 'source'} missing"]
    assert lines[-1] == str(checkout / ".venv")


def test_an_environment_that_is_the_checkout_itself(place):
    checkout, python, _ = place
    for entry in (checkout / ".venv").iterdir():
        shutil.move(entry, checkout / entry.name)
    place = (checkout, python.replace("/.venv", ""), None)
    (checkout / "pyproject.toml").touch()
    copy_course(checkout)
    lines = look(place, [checkout, checkout / "source"], PYTHONPATH=str(checkout))
    assert "'source'" not in lines[0] and "'course'" not in lines[0] and "'bin'" in lines[0]
    assert lines[1] == f"{checkout / 'source'} missing"
    assert lines[-1] == str(checkout)


def test_an_installed_course(place):
    checkout, _, packages = place
    copy_course(packages)
    lines = look(place, [packages / "course", packages / "course" / "hidden", checkout / "source"])
    assert lines[:3] == [
        f"{packages / 'course'} []",
        f"{packages / 'course' / 'hidden'} missing",
        f"{checkout / 'source'} missing",
    ]


def test_a_prefix_behind_links(place, tmp_path):
    """As with uv and pyenv: the environment's Python is reached by links to links."""
    checkout, python, packages = place
    copy_course(packages)
    (tmp_path / "link").symlink_to(checkout)
    (tmp_path / "again").symlink_to("link")
    linked = str(python).replace(str(checkout), str(tmp_path / "again"))
    lines = look((checkout, linked, packages), [tmp_path / "again" / ".venv"])
    assert "'bin'" in lines[0]
    assert lines[-1] == str(tmp_path / "again" / ".venv")


def test_the_whole_machine_is_never_shown(tmp_path):
    from course.runtime.rootfs import Root

    with pytest.raises(OSError, match="whole machine"):
        Root(str(tmp_path)).show("/")
