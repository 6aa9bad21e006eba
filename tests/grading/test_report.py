"""The report: its figures and words, what a small class is not told, and that markup in names stays text."""

import base64
import re

import pytest

from course import cli
from course.grading import report
from tests.grading import classes
from tests.grading.classes import ASSIGNMENT, failure
from tests.grading.test_feedback import body, own_parts
from tests.grading.test_page import DANGEROUS

WRONG = {"test-1": 0.0, "test-2": 0.0, "why": 1.0}
RIGHT = {"test-1": 3.0, "test-2": 1.0, "why": 2.0}


def of_class(root, right, wrong):
    made = classes.course(root)
    for n in range(wrong):
        node = classes.notebook()
        node.cells[2].outputs = [failure("x", words=f"squares({n}) is 'x{n}', not {n * n}")]
        node.cells[3].outputs = [failure("x", "NameError", "name 'squares' is not defined")]
        made.hand_in(f"wrong-{n}", WRONG, node, first_name="<script>alert(1)</script>")
    for n in range(right):
        made.hand_in(f"right-{n}", RIGHT)
    return made


def test_a_class_of_ten(tmp_path):
    made = of_class(tmp_path, 6, 4)
    objectives = {"E-1": ("1.1", "1.2"), "E-2": ("1.2",), "E-9": ("9.9",)}
    [path] = report.write(made.folder, ASSIGNMENT, tmp_path / "out" / "report.html", objectives=objectives)
    said = path.read_text(encoding="utf-8")
    assert "10 submissions." in said and "lowest 1, median 6, mean 4.00, highest 6." in said
    rows = dict(re.findall(r'<tr><th scope="row"><bdi>([^<]*)</bdi></th>(.*?)</tr>', said))
    figures = {name: re.findall(r'<td class="figure">([^<]*)</td>', row) for name, row in rows.items()}
    # E-1 is test-1; E-2 is test-2 and why, 3 of 3 or 1 of 3 points: (6*3 + 4*1) / 30 = 73 %.
    assert re.findall(r"<bdi>E-1</bdi></th>(.*?)</tr>", said)[0].count("60%") == 1
    assert re.findall(r"<bdi>E-2</bdi></th>(.*?)</tr>", said)[0].count("73%") == 1
    assert figures["1.1"] == ["3", "10", "60%", "1.00"] and figures["1.2"][:3] == ["6", "10", "67%"]
    assert "9.9" not in said
    assert "AssertionError: squares(N) is '…', not N" in said, "four learners, one mistake"
    assert '<td class="figure">4</td>' in said and "uncertain by about ±0.65" in said
    pictures = re.findall(r'src="data:image/png;base64,([^"]*)" alt="([^"]+)"', said)
    assert len(pictures) == 5 and all(base64.b64decode(png).startswith(b"\x89PNG") for png, _ in pictures)
    assert "wrong-" not in said and "right-" not in said, "no learner is named"
    assert not DANGEROUS.search(own_parts(body(said)))


def test_a_small_class_is_told_its_size_and_no_discrimination(tmp_path):
    made = of_class(tmp_path, 2, 1)
    [path] = report.write(made.folder, ASSIGNMENT, tmp_path / "report.html")
    said = path.read_text(encoding="utf-8")
    assert "Not shown: 3 learners, and under 10 a correlation says more about chance" in said
    assert said.count("not shown") == 2 and "<h2>Objectives</h2>" not in said


def test_without_source_each_cell_is_an_exercise(tmp_path):
    import shutil

    made = of_class(tmp_path, 1, 0)
    shutil.rmtree(tmp_path / "source")
    [path] = report.write(made.folder, ASSIGNMENT, tmp_path / "report.html")
    said = path.read_text(encoding="utf-8")
    assert all(f"<bdi>{id}</bdi>" in said for id in RIGHT) and "The tests said nothing about mistakes." in said


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("ValueError: could not convert 'abc' at 0x7f3a", "ValueError: could not convert '…' at 0x…"),
        ("AssertionError: 3.14 != -2e-5\n  more", "AssertionError: N != N more"),
        ("Give the endpoint 2 instances.", "Give the endpoint 2 instances."),
        ("KeyError: x1 and y_2", "KeyError: x1 and y_2"),
    ],
)
def test_errors_are_counted_without_their_values(words, same):
    assert report.normal(words) == same


def test_markup_and_formulas_in_mistakes_stay_text(tmp_path):
    made = classes.course(tmp_path)
    node = classes.notebook()
    node.cells[3].outputs = [failure("x", "ValueError", "<img src=x onerror=alert(1)> $\\frac{$ {0}")]
    made.hand_in("ada", WRONG, node)
    [path] = report.write(made.folder, ASSIGNMENT, tmp_path / "report.html")
    said = path.read_text(encoding="utf-8")
    assert "&lt;img src=x" in said and not DANGEROUS.search(own_parts(body(said)))


def test_the_verb_writes_the_similarity_page_only_if_asked(tmp_path, capsys):
    made = of_class(tmp_path, 2, 0)
    told = ["report", "--course", str(made.root), "--assignment", ASSIGNMENT, "--out", str(tmp_path / "r.html")]
    assert cli.main(told) == 0 and capsys.readouterr().out == f"Written: {tmp_path / 'r.html'}\n"
    assert not (tmp_path / "r-similarity.html").exists()
    assert cli.main([*told, "--similarity"]) == 0
    assert "no proof" in (tmp_path / "r-similarity.html").read_text()


def test_the_roster_has_scores_side_by_side_flags_repairs_and_what_is_stale(tmp_path, monkeypatch, capsys):
    made = of_class(tmp_path, 2, 1)
    for score, check in ((0.0, "old"), (3.0, "mended")):
        repairs, flags = ["a cell was restored"], ["the test had been edited <b>"]
        made.note(
            "right-0", {"test-1": score, "test-2": 1.0}, repairs=repairs, flags=flags, submission="s", assignment=check
        )
    made.note("right-1", {"test-1": 3.0, "test-2": 1.0}, stale=True)
    made.note("right-1", {}, status="failed", message="Its process ended.")
    out = tmp_path / "report.html"
    words = ["report", "--course", str(tmp_path), "--assignment", ASSIGNMENT, "--out", str(out), "--roster"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == f"Written: {out}\nWritten: {tmp_path / 'report-roster.html'}\n"
    said = (tmp_path / "report-roster.html").read_text(encoding="utf-8")
    assert "1 → 4: the assignment's tests were mended" in said
    assert "stale: a later grading failed" in said and "A later grading failed: Its process ended." in said
    assert "<li>the test had been edited &lt;b&gt;</li>" in said and "<li>a cell was restored</li>" in said
    assert "1 flag, 1 repair" in said and "wrong-0" in said and not DANGEROUS.search(own_parts(body(said)))
    assert "right-0" not in out.read_text(encoding="utf-8")
