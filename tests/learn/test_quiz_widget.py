"""The widgets as JupyterLab would press them: each kind is answered, explained, locked and found again."""

import html
import re

import ipywidgets
import pytest

from course.exam import bank
from course.exam.judging import solution
from course.learn import answer, answers, controls, quiz, quiz_results, review

from .reader import *  # noqa: F403


@pytest.fixture
def shown(reader, monkeypatch):
    """The panels that were displayed, the latest last."""
    panels = []
    monkeypatch.setattr(controls, "display", panels.append)
    return panels


class Hand:
    """Finds the controls of a panel and uses them."""

    def __init__(self, panel):
        self.panel = panel

    def all(self, kind):
        return [widget for widget in _walk(self.panel) if type(widget) is kind]

    def text(self):
        return re.sub(r"<[^>]*>", " ", " ".join(widget.value for widget in self.all(ipywidgets.HTML)))

    def press(self, words):
        (button,) = [button for button in self.all(ipywidgets.Button) if button.description == words]
        assert not button.disabled
        button.click()

    def sure(self, value=75):
        self.all(ipywidgets.RadioButtons)[-1].value = value

    def choose(self, item, choice):
        """Give an answer as the controls of its kind take it."""
        radios = self.all(ipywidgets.RadioButtons)
        if item.kind == "ordering":
            for place, id in enumerate(choice):
                while (at := self._order(item).index(id)) > place:
                    self.press(f"Move {at + 1} up")
        elif item.kind == "matching":
            lists = iter(self.all(ipywidgets.Dropdown))
            for prompt in sorted(item.prompts, key=lambda p: self.text().index(p.text[:30])):
                for value in choice[prompt.id]:
                    next(lists).value = value
        elif item.kind == "multiple-response":
            for box in self.all(ipywidgets.Checkbox):
                box.value = box.description in [o.text for o in item.options if o.id in choice]
        elif item.kind == "case-study":
            for radio, question in zip(radios, item.questions, strict=False):
                radio.value = choice[question.id][0]
        else:
            radios[0].value = choice[0]

    def _order(self, item):
        rows = [widget.value for widget in self.all(ipywidgets.HTML) if re.match(r"\d\. ", widget.value)]
        ids = {html.escape(step.text): step.id for step in item.steps}
        return [ids[row[3:]] for row in rows]


def _walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from _walk(child)


def test_a_whole_quiz_is_answered_question_by_question(shown, reader):
    quiz("O-1")
    (panel,) = shown
    hand = Hand(panel)
    items = bank.load("O-1")
    for number, item in enumerate(items, 1):
        assert f"question {number} of 12" in hand.text()
        filled = quiz_results.mark(item).item
        hand.choose(filled, solution(filled))
        hand.sure()
        hand.press("Commit")
        far = f"{number} of 12 answered." if number < 12 else "All 12 answered, 12 of them right in every part."
        assert f"✓ Right. {far}" in hand.text()
        assert all(w.disabled for kind in (ipywidgets.RadioButtons, ipywidgets.Checkbox, ipywidgets.Dropdown)
                   for w in hand.all(kind)), item.id  # fmt: skip
        hand.press("Next question" if number < 12 else "First question")
    assert "question 1 of 12" in hand.text() and "Right." in hand.text(), "what was answered can be read again"


def test_what_is_missing_is_said_and_nothing_is_recorded(shown, reader):
    quiz("O-1")
    hand = Hand(shown[0])
    hand.press("Commit")
    assert "Not answered yet. Choose one." in hand.text()
    hand.choose(bank.find("o-1-format"), ["gzip"])
    hand.press("Commit")
    assert "Say how sure you are" in hand.text()
    assert not answers.handed_in()
    hand.sure()
    hand.press("Commit")
    assert "✗ Not right." in hand.text() and answers.given("o-1-format").choice == ["gzip"]
    assert hand.text().count("right when") == 3


def test_a_cell_that_is_run_again_goes_on_where_one_stopped(shown, reader):
    answer("o-1-format", "parquet", sure=75)
    quiz("O-1")
    hand = Hand(shown[0])
    assert "question 2 of 12" in hand.text()
    hand.press("Back")
    assert "question 1 of 12" in hand.text() and "✓ Right." in hand.text()
    assert hand.all(ipywidgets.RadioButtons)[0].value == "parquet"
    assert hand.all(ipywidgets.RadioButtons)[-1].value == 75


def test_what_is_right_or_wrong_is_said_in_words_and_in_a_live_region(shown, reader):
    quiz("O-1")
    hand = Hand(shown[0])
    hand.choose(bank.find("o-1-format"), ["gzip"])
    hand.sure()
    hand.press("Commit")
    pages = [widget.value for widget in hand.all(ipywidgets.HTML)]
    (live,) = [page for page in pages if 'role="status"' in page]
    assert "Not right." in live and 'aria-live="polite"' in live
    assert "wrong, and chosen" in hand.text() and "right, not chosen" in hand.text()


def test_moving_a_step_is_said(shown, reader):
    for id, choice in (("format", "parquet"), ("encode", "one-hot"), ("receipts", "textract")):
        answer(f"o-1-{id}", choice, sure=75)
    answer("o-1-imbalance", ["split-first", "keep-rate"], sure=75)
    quiz("O-1")
    hand = Hand(shown[0])
    hand.press("Move 2 up")
    assert ": now first." in hand.text()
    ends = [button.disabled for button in hand.all(ipywidgets.Button) if button.description.startswith("Move")]
    assert ends == [True, False, False, False, False, False, False, False, False, True]


def test_lists_say_what_they_belong_to(shown, reader):
    quiz("O-6")
    lists = Hand(shown[0]).all(ipywidgets.Dropdown)
    assert [one.description for one in lists[:3]] == ["bridge", "domain", "service"] and len(lists) == 15
    assert all(one.tooltip and one.value is None and one.options[0][0] == "choose …" for one in lists)


def test_what_comes_back_is_asked_and_then_rests(shown, reader, capsys):
    answer("o-1-encode", "label", sure=50)
    reader.pauses(hours=5)
    review()
    hand = Hand(shown[0])
    assert "Coming back, question 1 of 1" in hand.text()
    hand.choose(bank.find("o-1-encode"), ["one-hot"])
    hand.sure()
    hand.press("Commit")
    capsys.readouterr()
    review()
    assert "No question comes back today." in capsys.readouterr().out and len(shown) == 1


def test_a_page_in_whose_folder_nothing_can_be_written_says_so(shown, reader, monkeypatch):
    quiz("O-1")
    hand = Hand(shown[0])
    hand.choose(bank.find("o-1-format"), ["gzip"])
    hand.sure()
    monkeypatch.chdir(reader.work / ".course")
    reader.folder.rmdir()
    (reader.work / ".course" / "answers.json").mkdir()
    hand.press("Commit")
    assert "cannot be" in hand.text()
