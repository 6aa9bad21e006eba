"""The training container in script mode: runs the learner's program as the SageMaker training toolkit does.

Facts: github.com/aws/sagemaker-training-toolkit (entry_point.py, process.py, trainer.py, errors.py). Like there, the
program gets SM_* variables and ``--name value`` arguments and runs in the code folder; an exit code other than 0 fails
the container, which then ends with 1 and leaves the reason in /opt/ml/output/failure.

A program that runs out of memory is killed, as on an instance, once it lets the MemoryError go.

Unlike there, the program is ``__main__`` of this very process instead of a child, the code has been unpacked before,
nothing is installed (see requirements.py), and ErrorMessage holds the last lines of the traceback also where AWS's
scikit-learn container leaves it empty.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from course.cloud.containers import python_program, search_path
from course.cloud.containers.failure import CommandFailed, print_traceback, summary, write_failure
from course.cloud.containers.layout import Layout
from course.cloud.containers.requirements import check_requirements
from course.cloud.containers.training_environment import PYTHON, TrainingEnvironment, arguments


def main() -> None:
    """Run the program that the files in input/config name. Raises SystemExit(1), with the failure file written."""
    layout = Layout.here()
    try:
        _train(layout)
    except CommandFailed as failed:
        write_failure(layout, str(failed))
        print(f"Reporting training FAILURE\n{failed}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        write_failure(layout, f"Framework Error: \n{summary(error)}")
        print_traceback(error)
        raise SystemExit(1) from None
    layout.success.touch()


def _train(layout: Layout) -> None:
    environment = TrainingEnvironment.read(layout)
    if environment.program is None:
        raise ValueError(
            "Script mode needs the hyperparameter sagemaker_program, the name of the program to run, "
            "and sagemaker_submit_directory, the S3 address of its archive."
        )
    path = layout.code / environment.program
    search_path.put_first(path.parent, layout.code)
    os.environ.update(environment.variables())
    os.chdir(layout.code)

    words = [environment.program, *arguments(environment.hyperparameters)]
    is_command = path.suffix != ".py"
    command = f"/bin/sh -c ./{shlex.join(words)}" if is_command else f"{PYTHON} {' '.join(words)}"
    if not path.is_file():
        raise CommandFailed("ExecuteUserScriptError", 2, _not_there(path, layout.code), command)
    check_requirements(layout.code, PYTHON)
    print(f"Invoking script with the following command:\n\n{command}\n", flush=True)
    exit_code, message = _run_command(path, words) if is_command else python_program.run(path, words)
    if exit_code:
        raise CommandFailed("ExecuteUserScriptError", exit_code, message, command)


def _not_there(path: Path, code: Path) -> str:
    found = sorted(str(file.relative_to(code)) for file in code.rglob("*") if file.is_file())
    held = f"holds {', '.join(found[:10])}{', …' if len(found) > 10 else ''}" if found else "is empty"
    return f"can't open file '{path}': No such file; the folder {code} {held}"


def _run_command(path: Path, words: list[str]) -> tuple[int, str]:
    """Run a program that is not Python, such as train.sh; its exit code, 128 + n when signal n killed it."""
    path.chmod(path.stat().st_mode | 0o111)
    code = subprocess.run([path, *words[1:]], check=False).returncode
    return (128 - code, f"killed by signal {-code}") if code < 0 else (code, "")
