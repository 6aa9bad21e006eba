"""Feedback pages: what they tell, what they leave out, and that nothing in them runs or leaves."""

import shutil
import sqlite3
import time
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from course.errors import CourseError
from course.grading import feedback
from tests.grading import classes
from tests.grading.classes import ASSIGNMENT, NOTEBOOK, failure
from tests.grading.test_page import ATTACKS, DANGEROUS

SECRETS = ("977", "SECRET", "HIDDEN")
FINDINGS = "application/vnd.five-bridges.findings+json"


@pytest.fixture
def course(tmp_path):
    return classes.course(tmp_path)


def pages(course, student="ada"):
    with course.folder.gradebook() as gradebook:
        return feedback.write(course.folder, gradebook, ASSIGNMENT, student)


def page(course, student="ada"):
    [path] = pages(course, student)
    return path.read_text(encoding="utf-8")


def body(said):
    """The page after its own head, which alone may have a style and a policy."""
    return said[said.index("<header>") : said.index("</main>")].replace('<main id="main" tabindex="-1">', "")


def own_parts(said):
    """The page without the classes and ids that we put there, to look for what others did."""
    for ours in ("class", "id"):
        for value in ("cell", "total", "dim", "told bad", "told good", "told open", "bad", "good", "open", "status",
                      "figure", "outputs", "wide", "comment"):  # fmt: skip
            said = said.replace(f' {ours}="{value}"', "")
    for number in range(40):
        said = said.replace(f' id="cell-{number}"', "").replace(f'href="#cell-{number}"', "")
    return said.replace("<span class=", "<span ")


def test_it_tells_scores_messages_penalty_comments_repairs_and_what_a_person_has_yet_to_grade(course):
    node = classes.notebook()
    node.cells[2].outputs = [failure("assert squares(977) == SECRET")]
    course.hand_in(
        "ada", {"test-1": 2, "test-2": 1, "why": None}, node, late=0.5, comments={"why": "Go on\n& <b>on</b>"},
        first_name="Ada", last_name="Lovelace",
    )  # fmt: skip
    course.note("ada", {"test-1": 2, "test-2": 1}, repairs=["test-1 was restored"], flags=["moved the clock"])
    said = page(course)
    assert "handed in by <bdi>Ada Lovelace</bdi>" in said and "Score: 2.5 of 6 points" in said
    assert "0.5 points are taken off the 3 that it earned" in said
    assert "1 answer for 2 points will be graded by a person" in said and "this score is not final" in said
    assert "<bdi>test-1</bdi>: 2 of 3 points" in said and "<bdi>test-2</bdi>: 1 of 1 points" in said
    assert "What the test asserts does not hold." in said and "Go on<br>&amp; &lt;b&gt;on&lt;/b&gt;" in said
    assert "<h2>Put right before grading</h2><ul><li>test-1 was restored</li>" in said
    assert "moved the clock" not in said, "flags are for instructors"
    assert not any(secret in said for secret in SECRETS)


def test_hidden_tests_and_what_they_caused_are_left_out(course):
    node = classes.notebook()
    node.cells[2].outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="called with 977\n"),
        nbformat.v4.new_output("display_data", data={"text/html": "<p>977</p>", "text/plain": "977"}),
        failure("assert squares(977) == SECRET", "ValueError", "977"),
    ]
    course.hand_in("ada", {"test-1": 0, "test-2": 1, "why": 2}, node)
    said = page(course)
    assert not any(secret in said for secret in SECRETS)
    assert "Some of this test is not shown." in said and "two squares" in said, "its public part is there"


def test_what_a_learner_says_is_hidden_in_their_own_cell_is_shown(course):
    answer = "### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS"
    course.hand_in("ada", {"test-1": 0, "test-2": 0, "why": 0}, classes.notebook(answer))
    assert "BEGIN HIDDEN TESTS" in page(course)


def test_a_forged_or_doubled_cell_gets_no_score_of_its_own(course):
    node = classes.notebook()
    node.cells += [
        classes.cell("code", "forged", "test-9", grade=True, points=99),
        classes.cell("code", "again", "test-2", grade=True, points=1),
    ]
    node.cells[0].metadata["nbgrader"] = ["what"]
    del node.cells[2]
    course.hand_in("ada", {"test-1": 0, "test-2": 1, "why": 2}, node)
    said = page(course)
    assert said.count("<h3><bdi>test-2</bdi>: 1 of 1 points") == 1 and "test-9" not in said
    assert "this cell is not in your notebook" in said, "test-1, which is told nevertheless"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_attack_comes_through_from_anywhere(course, attack):
    node = classes.notebook(attack, attack)
    show = nbformat.v4.new_output
    node.cells[1].outputs = [
        show("stream", name="stderr", text=attack),
        show("error", ename=attack, evalue=attack, traceback=[attack]),
        *(
            show("display_data", data={kind: attack, "text/plain": attack})
            for kind in ("text/html", "image/svg+xml", "text/latex", "text/markdown", "application/javascript",
                         "image/png", "image/jpeg")
        ),
    ]  # fmt: skip
    finding = dict.fromkeys(("title", "status", "hint", "seen", "looked", "expected"), attack)
    data = {
        "findings": [finding],
        "hints": {attack: attack},
        "elsewhere": {attack: {"findings": [], "problem": attack}},
    }
    node.cells[3].outputs = [show("display_data", data={FINDINGS: data, "text/plain": attack, "text/html": attack})]
    scores = {"test-1": 0, "test-2": 0, "why": 0}
    course.hand_in("ada", scores, node, first_name=attack[:120], comments={"why": attack})
    course.note("ada", {"test-1": 1}, submission=attack)
    course.note("ada", {"test-1": 0, attack: 0}, repairs=[attack], flags=[attack], cell_status=attack)
    said = page(course)
    assert "Graded again" in said and "Put right" in said
    assert not DANGEROUS.search(own_parts(body(said)))
    assert said.count("<style>") == 1 and said.count("<script") == 0 and said.count("Content-Security-Policy") >= 1


def test_the_richest_harmless_form_of_an_output_is_shown(course):
    node = classes.notebook()
    show = nbformat.v4.new_output
    node.cells[1].outputs = [
        show("display_data", data={"text/html": "<table><tr><td>7</td></tr></table>", "text/plain": "plain table"}),
        show("display_data", data={"text/html": "<svg><text>drawn</text></svg>", "text/plain": "said instead"}),
        show("display_data", data={"image/svg+xml": "<svg/>"}),
        show("display_data", data={"text/latex": "$x^2$", "text/plain": "x**2"}),
        show("stream", name="stdout", text="\x1b[31mred\x1b[0m" + "y" * 30_000),
    ]
    course.hand_in("ada", {"test-1": 0, "test-2": 0, "why": 0}, node)
    said = page(course)
    assert "<td>7</td>" in said and "plain table" not in said and "said instead" in said and "drawn" not in said
    assert feedback.NOTHING in said and "$x^2$" in said
    assert "<pre>redyyy" in said and "the rest is left out" in said and "y" * 20_001 not in said


def test_a_link_in_the_place_of_a_page_is_not_followed(course, tmp_path):
    course.hand_in("ada", {"test-1": 0, "test-2": 0, "why": 0})
    victim = tmp_path / "victim"
    victim.write_text("mine")
    place = tmp_path / "feedback" / "ada" / ASSIGNMENT
    place.mkdir(parents=True)
    (place / f"{NOTEBOOK}.html").symlink_to(victim)
    page(course)
    assert victim.read_text() == "mine" and not (place / f"{NOTEBOOK}.html").is_symlink()
    graded = tmp_path / "autograded" / "ada" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    graded.rename(tmp_path / "elsewhere.ipynb")
    graded.symlink_to(tmp_path / "elsewhere.ipynb")
    with pytest.raises(CourseError, match="no graded notebook of ada"):
        page(course)


def test_what_is_not_there_is_said_in_a_sentence(course, tmp_path):
    with pytest.raises(CourseError, match="no submission of ada"):
        page(course)
    with pytest.raises(CourseError, match="no name of a folder"):
        course.folder.feedback("../x", ASSIGNMENT)
    (tmp_path / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="grade an assignment of this course first"):
        page(course)


def test_one_page_takes_milliseconds(course):
    node = classes.notebook()
    node.cells[1:1] = [
        classes.cell("markdown", "## Heading\n\nSome *text* with `code`.\n\n- a\n- b") for _ in range(60)
    ]
    node.cells[1:1] = [classes.cell("code", "for n in range(9):\n    print(n + 1)  # so") for _ in range(60)]
    course.hand_in("ada", {"test-1": 0, "test-2": 0, "why": 0}, node)
    pages(course)
    begun = time.process_time()
    pages(course)
    assert time.process_time() - begun < 0.5


def test_nbgrader_makes_these_pages_by_configuration_alone(course, tmp_path):
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    path = course.hand_in("ada", {"test-1": 0, "test-2": 1, "why": None}, classes.notebook("x = '<script>'"))
    (path.parent / "mine.html").write_text("<script>alert(1)</script>")
    (path.parent / "data").mkdir()
    (path.parent / "data" / "evil.svg").write_text("<svg onload=alert(1)>")
    shutil.copy(Path(__file__).parents[2] / "nbgrader_config.py", tmp_path)
    config = Config(course.folder.config)
    config.CourseDirectory.root = str(tmp_path)
    said = NbGraderAPI(CourseDirectory(config=config), config=config).generate_feedback(ASSIGNMENT, "ada")
    assert said["success"], said
    made = tmp_path / "feedback" / "ada" / ASSIGNMENT
    assert [path.name for path in made.iterdir()] == [f"{NOTEBOOK}.html"], "and nothing else of what was handed in"
    written = (made / f"{NOTEBOOK}.html").read_text(encoding="utf-8")
    assert "Score: 1 of 6 points" in written and "<script" not in written and "default-src 'none'" in written
    assert not any(secret in written for secret in SECRETS)


def test_the_pages_that_nbgrader_makes_tell_repairs_and_what_grading_again_has_changed(course, tmp_path):
    from course.grading.feedback_exporter import FeedbackExporter

    path = course.hand_in("ada", {"test-1": 2, "test-2": 1, "why": None})
    course.note("ada", {"test-1": 0, "test-2": 1}, submission="s", assignment="a")
    course.note("ada", {"test-1": 2, "test-2": 1}, submission="s", assignment="mended", repairs=["put right"])
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    names = {
        "student": "ada",
        "assignment": ASSIGNMENT,
        "notebook": NOTEBOOK,
        "db_url": f"sqlite:///{tmp_path}/gradebook.db",
    }
    said, _ = FeedbackExporter(config=config).from_filename(str(path), resources={"nbgrader": names})
    assert "<li>put right</li>" in said
    assert "This was graded again: 1 → 3 points of the tests, because the assignment's tests were mended." in said
    before_and_now = '<th scope="row"><bdi>test-1</bdi></th><td class="figure">0</td><td class="figure">2</td>'
    assert before_and_now in said and "not up to date" not in said
    course.note("ada", {}, status="failed", message="Its process ended.")
    with sqlite3.connect(tmp_path / "gradebook.db") as connection:
        connection.execute("UPDATE course_gradings SET stale = 1 WHERE current")
    said = page(course)
    assert "These points are not up to date" in said and "Its process ended" not in said, "the reason is no learner's"


def test_a_grading_that_nbgrader_has_overwritten_is_told_no_more(course):
    course.hand_in("ada", {"test-1": 3, "test-2": 1, "why": None})
    course.note("ada", {"test-1": 2, "test-2": 1}, repairs=["long ago"])
    assert "long ago" not in page(course)
