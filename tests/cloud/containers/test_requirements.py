"""course/cloud/containers/requirements.py"""

from importlib import metadata
from types import SimpleNamespace

import pytest

from course.cloud.containers.failure import CommandFailed
from course.cloud.containers.requirements import check_requirements


def check(tmp_path, text):
    (tmp_path / "requirements.txt").write_text(text)
    check_requirements(tmp_path, "/miniconda3/bin/python")


def test_a_folder_without_the_file_is_fine(tmp_path):
    check_requirements(tmp_path, "python")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# a comment\n\n",
        "numpy",
        "NumPy >= 1.0  # and a comment",
        "\ufeffscikit_learn",
        "pandas>=1,<99\r\nnumpy\r\n",
        'nothing-of-this-name; python_version < "3"',
    ],
)
def test_what_is_installed_satisfies(tmp_path, text):
    check(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nothing-of-this-name", "nothing-of-this-name (not installed)"),
        ("numpy<1", "numpy<1 ("),
        ("numpy==0.1; python_version > '3'", 'numpy==0.1; python_version > "3" ('),
        ("-r other.txt", "-r other.txt (no plain requirement)"),
        ("--index-url https://example.com", "no plain requirement"),
        ("numpy @ https://example.com/numpy.whl", "(an address)"),
        ("./local", "./local (no plain requirement)"),
    ],
)
def test_what_is_not_met_is_named(tmp_path, text, why):
    with pytest.raises(CommandFailed) as failed:
        check(tmp_path, f"numpy\n{text}\n")
    assert why in str(failed.value)


def test_an_extra_asks_for_what_stands_behind_it(tmp_path, monkeypatch):
    requires = ["numpy", 'numpy<1; extra == "old"', 'numpy; extra == "new"', "never-looked-at; python_version < '3'"]
    real = metadata.distribution
    thing = SimpleNamespace(version="2.0", requires=requires)
    monkeypatch.setattr(metadata, "distribution", lambda name: thing if name == "thing" else real(name))
    check(tmp_path, "thing[new]>=1")
    with pytest.raises(CommandFailed, match=r"thing\[new,old\]: numpy<1; extra == .old. \("):
        check(tmp_path, "thing[new,old]")


def test_the_failure_is_that_of_pip_with_the_reason(tmp_path):
    with pytest.raises(CommandFailed) as failed:
        check(tmp_path, "nothing-of-this-name>=2\nnumpy\nnor-of-this")
    assert str(failed.value) == (
        "InstallRequirementsError:\n"
        "ExitCode 1\n"
        'ErrorMessage "Installing packages is not possible in this cloud, which has no internet, and these lines of '
        "requirements.txt are not met by what is installed: nothing-of-this-name>=2 (not installed); nor-of-this "
        '(not installed). Remove them, or ask for what is installed."\n'
        'Command "/miniconda3/bin/python -m pip install -r requirements.txt"'
    )
