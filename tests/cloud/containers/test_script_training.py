"""course/cloud/containers/script_training.py"""

import json
import signal

import pytest

INVOKING = "Invoking script with the following command:\n\n/miniconda3/bin/python {}\n\n"


def test_the_program_runs_as_main_with_arguments_variables_and_folder(train):
    source = """
import json, os, sys, helper
from pathlib import Path
assert __name__ == "__main__" and sys.modules["__main__"].__dict__ is globals()
assert sys.path[0] == os.getcwd() and helper.__file__.startswith(os.getcwd())
Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("m")
found = {"argv": sys.argv, "file": __file__, "hps": os.environ["SM_HPS"], "train": os.environ["SM_CHANNEL_TRAIN"]}
print(json.dumps(found))
"""
    done = train({"train.py": source, "helper.py": ""}, {"alpha": "0.5", "name": "a b", "sagemaker_region": "x"})
    assert (done.exit_code, done.stderr, done.failure) == (0, "", None)
    head, _, printed = done.stdout.partition("\n\n/miniconda3/bin/python train.py --alpha 0.5 --name a b\n\n")
    assert head == "Invoking script with the following command:"
    assert json.loads(printed) == {
        "argv": ["train.py", "--alpha", "0.5", "--name", "a b"],
        "file": "/opt/ml/code/train.py",
        "hps": '{"alpha":0.5,"name":"a b"}',
        "train": "/opt/ml/input/data/train",
    }
    assert done.layout.success.exists()
    assert (done.layout.model / "model.txt").read_text() == "m"


def test_a_program_in_a_folder_finds_its_neighbours_and_the_code_folder(train):
    source = "import sys, os, near, far\nprint(os.getcwd(), sys.argv[0], near.x, far.x)"
    done = train({"src/train.py": source, "src/near.py": "x = 1", "far.py": "x = 2"}, program="src/train.py")
    assert done.stdout == INVOKING.format("src/train.py") + "/opt/ml/code src/train.py 1 2\n"


def test_an_exception_leaves_a_traceback_of_the_program_only_and_the_reason(train):
    source = 'def fit(alpha):\n    raise ValueError(f"alpha {alpha} is \\"bad\\": ü")\n\nfit(2)\n'
    done = train({"train.py": source}, {"alpha": "2"})
    assert done.exit_code == 1
    assert done.stderr == (
        "Traceback (most recent call last):\n"
        '  File "/opt/ml/code/train.py", line 4, in <module>\n'
        "    fit(2)\n"
        '  File "/opt/ml/code/train.py", line 2, in fit\n'
        '    raise ValueError(f"alpha {alpha} is \\"bad\\": ü")\n'
        'ValueError: alpha 2 is "bad": ü\n'
        "Reporting training FAILURE\n" + done.failure + "\n"
    )
    assert done.failure == (
        "ExecuteUserScriptError:\n"
        "ExitCode 1\n"
        'ErrorMessage "ValueError: alpha 2 is "bad": ü"\n'
        'Command "/miniconda3/bin/python train.py --alpha 2"'
    )
    assert not done.layout.success.exists()


def failure(exit_code: int, message: str = "", command: str = "/miniconda3/bin/python train.py") -> str:
    return f'ExecuteUserScriptError:\nExitCode {exit_code}\nErrorMessage "{message}"\nCommand "{command}"'


@pytest.mark.parametrize(
    ("source", "expected", "stderr"),
    [
        ("import sys; sys.exit(3)", failure(3), ""),
        ("import sys; sys.exit(-1)", failure(255), ""),
        ("import sys; sys.exit(True)", failure(1), ""),
        ("import sys; sys.exit('no data')", failure(1, "no data"), "no data\n"),
        ("raise SystemExit(['a'])", failure(1, "['a']"), "['a']\n"),
        ("raise KeyboardInterrupt", failure(1, "KeyboardInterrupt"), None),
        ("import nothing_like_it", failure(1, "ModuleNotFoundError: No module named 'nothing_like_it'"), None),
        ("import argparse; argparse.ArgumentParser().parse_args(['--x'])", failure(2), None),
    ],
)
def test_ways_to_fail(train, source, expected, stderr):
    done = train({"train.py": source})
    assert (done.exit_code, done.failure) == (1, expected)
    if stderr is not None:
        assert done.stderr == f"{stderr}Reporting training FAILURE\n{expected}\n"


@pytest.mark.parametrize("end", ["", "import sys; sys.exit()", "import sys; sys.exit(0)", "import sys; sys.exit(256)"])
def test_ways_to_succeed(train, end):
    done = train({"train.py": end})
    assert (done.exit_code, done.failure, done.stderr) == (0, None, "")


def test_a_syntax_error_is_shown_where_it_is(train):
    done = train({"train.py": "x = 1\ny = (\n"})
    assert done.exit_code == 1
    assert done.stderr.startswith('  File "/opt/ml/code/train.py", line 2\n    y = (\n')
    assert 'ErrorMessage "File "/opt/ml/code/train.py", line 2' in done.failure
    assert "SyntaxError: '(' was never closed" in done.failure


def test_the_failure_file_of_the_program_is_kept(train):
    source = "open('../output/failure', 'w').write('my own words')\nraise ValueError('x')"
    done = train({"train.py": source})
    assert (done.exit_code, done.failure) == (1, "my own words")


def test_a_missing_program_is_named_with_what_is_there(train):
    done = train({"main.py": "", "data/x.csv": ""})
    assert done.exit_code == 1
    assert done.failure == failure(
        2,
        "can't open file '/opt/ml/code/train.py': No such file; the folder /opt/ml/code holds data/x.csv, main.py",
    )
    assert done.stderr == f"Reporting training FAILURE\n{done.failure}\n"


def test_an_empty_code_folder_is_said_to_be_empty(train):
    assert "the folder /opt/ml/code is empty" in train({}).failure


def test_without_a_program_the_hyperparameter_is_named(train):
    done = train({"train.py": ""}, program=None)
    assert done.exit_code == 1
    assert done.failure == (
        "Framework Error: \nValueError: Script mode needs the hyperparameter sagemaker_program, the name of the "
        "program to run, and sagemaker_submit_directory, the S3 address of its archive."
    )


def test_unmet_requirements_fail_before_the_program_runs(train):
    done = train({"train.py": "print('ran')", "requirements.txt": "nothing-of-this-name"})
    assert done.exit_code == 1
    assert done.failure.startswith('InstallRequirementsError:\nExitCode 1\nErrorMessage "Installing packages is not')
    assert "ran" not in done.stdout


def test_met_requirements_are_no_obstacle(train):
    assert train({"train.py": "", "requirements.txt": "numpy>=1\n"}).exit_code == 0


def test_a_shell_program_gets_the_same_arguments_and_variables(train):
    done = train({"train.sh": '#!/bin/sh\necho "$@" $SM_HP_ALPHA; pwd\nexit $2\n'}, {"alpha": "7"}, program="train.sh")
    assert done.stdout.endswith("--alpha 7 7\n/opt/ml/code\n")
    assert done.failure == failure(7, command="/bin/sh -c ./train.sh --alpha 7")


def test_a_shell_program_killed_by_a_signal(train):
    done = train({"train.sh": "#!/bin/sh\nkill -9 $$\n"}, program="train.sh")
    assert done.failure == failure(137, "killed by signal 9", "/bin/sh -c ./train.sh")


def test_a_program_without_memory_is_killed(train):
    done = train({"train.py": "raise MemoryError('too much')"})
    assert (done.exit_code, done.failure) == (-signal.SIGKILL, None)
    assert "MemoryError: too much" in done.stderr


def test_sigterm_ends_a_program_that_does_not_care(train):
    done = train({"train.py": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"})
    assert (done.exit_code, done.failure) == (-signal.SIGTERM, None)


def test_the_program_may_catch_sigterm(train):
    source = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("saving"), sys.exit(0)))
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
"""
    done = train({"train.py": source})
    assert (done.exit_code, done.stdout) == (0, INVOKING.format("train.py") + "saving\n")


def test_main_stays_for_pickles_and_exit_functions(train):
    source = """
import atexit, pickle, threading
class Model: pass
def late(): print(type(pickle.loads(pickle.dumps(Model()))).__name__)
atexit.register(late)
thread = threading.Timer(0.05, late)
thread.start()
"""
    done = train({"train.py": source})
    assert (done.exit_code, done.stdout) == (0, INVOKING.format("train.py") + "Model\nModel\n")


def test_no_future_of_the_container_leaks_into_the_program(train):
    done = train({"train.py": "def f(x: 1 + 1): pass\nprint(f.__annotations__)"})
    assert done.stdout == INVOKING.format("train.py") + "{'x': 2}\n"
