"""course/cloud/containers/command.py"""

import subprocess

import pytest

from course.cloud.containers.command import variables

from .conftest import spawn


def run(base, *words: str) -> tuple[int, str]:
    process = spawn("command", base, variables(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=20)
    return process.returncode, output


def test_the_command_takes_the_place_of_the_process(tmp_path):
    (tmp_path / "model").mkdir()
    code, output = run(
        tmp_path, "/bin/sh", "-c", 'echo "$0 $1"; ls -d /opt/ml/model; env | grep COURSE; exit 5', "a b", "c"
    )
    assert (code, output) == (5, f"a b c\n{tmp_path}/model\n")


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [("/no/such", 127, "No such file or directory"), ("/opt/ml/plain", 126, "Permission denied")],
)
def test_a_command_that_cannot_run_is_named(tmp_path, program, code, reason):
    (tmp_path / "plain").write_text("text")
    named = program.replace("/opt/ml", str(tmp_path))
    assert run(tmp_path, program) == (code, f'exec: "{named}": {reason}\n')
