"""A seed of one's own: what is found in another's data is no answer; grading again gives the same."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from course import cli
from course.errors import CourseError
from course.grading import variant
from tests.grading.cells import notebook, test, work

HIDDEN = """import os, random
drawn = random.Random(int(os.environ.get("COURSE_VARIANT", "0"))).randrange(10**6)
assert double(drawn) == 2 * drawn"""


def test_a_seed_follows_from_key_assignment_and_learner():
    seeds = {variant.seed(key, name, who) for key in (b"k", b"l") for name in ("a", "b") for who in ("ada", "bob")}
    assert len(seeds) == 8 and all(0 <= seed < 2**31 for seed in seeds)
    assert variant.seed(b"k", "a", "ada") == variant.seed(b"k", "a", "ada") != variant.seed(b"k", "aa", "da")


def test_without_a_key_nobody_gets_a_seed_of_their_own(tmp_path, monkeypatch):
    monkeypatch.delenv(variant.KEY_FILE, raising=False)
    with pytest.raises(CourseError, match=r"need a key that learners do not have.*COURSE_KEY_FILE"):
        variant.secret()
    monkeypatch.setenv(variant.KEY_FILE, str(tmp_path / "none"))
    with pytest.raises(CourseError, match="cannot be read"):
        variant.secret()
    (tmp_path / "none").write_text("\n")
    with pytest.raises(CourseError, match="need a key"):
        variant.secret()


def test_what_was_there_before_comes_back(monkeypatch):
    monkeypatch.setenv(variant.VARIABLE, "1")
    with variant.told(7):
        assert os.environ[variant.VARIABLE] == "7"
    with variant.told(None):
        assert variant.VARIABLE not in os.environ
    assert os.environ[variant.VARIABLE] == "1"


def test_a_copied_answer_fails_where_each_has_a_seed_of_their_own(tmp_path, monkeypatch, capsys):
    """The verb, the sandbox, a foreign course: bob has copied what gives ada's points, and no more."""
    (tmp_path / "key").write_bytes(b"of the course")
    monkeypatch.setenv(variant.KEY_FILE, str(tmp_path / "key"))
    source = notebook(work("### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION"), test(HIDDEN))
    (tmp_path / "source" / "a1").mkdir(parents=True)
    nbformat.write(source, tmp_path / "source" / "a1" / "p1.ipynb")
    code = {
        "ada": "import os\ndef double(x):\n    return 2 * x if 'COURSE_VARIANT' not in os.environ else 0",
        "bob": f"def double(x):\n    return {2 * _drawn(variant.seed(b'of the course', 'a1', 'ada'))}",
        "eve": f"def double(x):\n    return {2 * _drawn(0)}",
    }
    for student, answer in code.items():
        source.cells[0].source = answer
        folder = tmp_path / "submitted" / student / "a1"
        folder.mkdir(parents=True)
        nbformat.write(source, folder / "p1.ipynb")

    def graded(*words: str) -> dict[str, dict]:
        out = tmp_path / "out.json"
        given = ["grade", "--course", str(tmp_path), "--assignment", "a1", "--workers", "1", "--json", str(out), *words]
        assert cli.main(given) == 0
        return {result["student"]: result for result in json.loads(out.read_text())}

    own = graded("--variant", "student")
    assert {who: result["score"] for who, result in own.items()} == {"ada": 1, "bob": 0, "eve": 0}
    seeds = {who: result["audit"]["seeds"]["variant"] for who, result in own.items()}
    assert seeds == {who: variant.seed(b"of the course", "a1", who) for who in code}
    assert graded("--variant", "student") == own, "again, nothing is to be done"
    assert "3 unchanged" in capsys.readouterr().err
    same = graded()
    assert {who: result["score"] for who, result in same.items()} == {"ada": 1, "bob": 0, "eve": 1}
    assert "variant" not in same["ada"]["audit"]["seeds"]
    monkeypatch.delenv(variant.KEY_FILE)
    assert cli.main(["grade", "--course", str(tmp_path), "--assignment", "a1", "--variant", "student"]) == 1
    assert "head -c 32 /dev/urandom" in capsys.readouterr().err
    assert Path(tmp_path / "gradebook.db").is_file()


def _drawn(seed: int) -> int:
    import random

    return random.Random(seed).randrange(10**6)
