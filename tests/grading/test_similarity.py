"""Alike submissions: a renamed copy is found among people who worked alone, and honest likeness is not told."""

import pytest

from course.grading import report, similarity
from tests.grading import classes
from tests.grading.classes import ASSIGNMENT
from tests.grading.test_feedback import body, own_parts
from tests.grading.test_page import ATTACKS, DANGEROUS

KEY = ("squares", "answer")
ORIGINAL = """def squares(n):
    found, step = [], 1  # mine
    while len(found) < n:
        candidate = sum(range(step * 2)) - sum(range(step)) * 2
        if candidate % step == 0:
            found.append(step ** 2)
        step += 1
    return sorted(set(found))[:n]
"""
RENAMED = (
    ORIGINAL.replace("found", "result")
    .replace("step", "k")
    .replace("candidate", "trial")
    .replace("# mine", "# it is me")
)
ALONE = [
    """def squares(n):
    return [number ** 2 for number in range(1, n + 1)]

assert all(s >= 0 for s in squares(5))
print(len(squares(3)))
""",
    """import numpy

def squares(n):
    numbers = numpy.arange(1, n + 1)
    return (numbers * numbers).tolist() if n > 0 else []
print(squares(4), type(squares(4)))
""",
    """def squares(n):
    if n == 0:
        return []
    return squares(n - 1) + [n * n]

for i in (1, 2, 3):
    print(i, squares(i), sum(squares(i)))
""",
    """from itertools import accumulate, islice, count

def squares(n):
    odd = count(1, 2)
    return list(islice(accumulate(odd), n))

x = squares(10)
print(x[0], x[-1])
""",
    """def squares(n):
    out = {}
    for i, _ in enumerate("a" * n, start=1):
        out[i] = pow(i, 2)
    return list(out.values())

try:
    squares("x")
except TypeError as e:
    print(e)
""",
]


def written(*texts):
    return {f"learner-{n}": {KEY: text} for n, text in enumerate(texts)}


def test_a_renamed_copy_stands_out_among_those_who_worked_alone():
    [pair] = similarity.pairs(written(*ALONE, ORIGINAL, RENAMED), {})
    assert (pair.one, pair.other) == ("learner-5", "learner-6")
    assert pair.form == 1.0 and 0.5 < pair.wording < 0.9


def test_people_who_worked_alone_are_not_told():
    assert similarity.pairs(written(*ALONE), {}) == []


def test_lines_of_the_release_and_lines_of_most_do_not_count():
    stub = ORIGINAL + "\n# your code here"
    assert similarity.pairs(written(*(f"{stub}\nx = {n}" for n in range(3))), {KEY: stub}) == []
    assert similarity.pairs(written(*[ORIGINAL] * 6), {}) == [], "all have it: it is the natural answer, or was shown"
    assert len(similarity.pairs(written(ORIGINAL, RENAMED), {})) == 1


def test_short_answers_are_not_compared():
    assert similarity.pairs(written("x = 1", "x = 1"), {}) == []


def test_the_page_shows_pairs_side_by_side_and_says_that_it_is_no_proof(tmp_path):
    made = classes.course(tmp_path)
    for name, text in (("<b>eve</b>", ORIGINAL), ("bob", RENAMED), ("cat", ALONE[0])):
        made.hand_in(name.replace("/", ""), {"test-1": 0, "test-2": 0, "why": 0}, classes.notebook(text))
    _, path = report.write(made.folder, ASSIGNMENT, tmp_path / "r.html", similarity=True)
    said = path.read_text(encoding="utf-8")
    assert path.name == "r-similarity.html" and "Similarity is no proof of anything." in said
    assert "3 submissions were compared on this machine" in said
    assert "<bdi>bob</bdi>" in said and "&lt;b&gt;eve&lt;b&gt;" in said and "<bdi>cat</bdi>" not in said
    assert said.count("<mark>def squares(n):</mark>") == 2, "a line that both have"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_attack_comes_through(attack):
    texts = {name: {KEY: f"{ORIGINAL}\n{attack}"} for name in (attack, f"{attack}2")}
    found = similarity.pairs(texts, {})
    assert len(found) == 1
    said = body(similarity.render(attack, found, texts, 2)).replace('class="beside"', "").replace('id="pair-1"', "")
    assert not DANGEROUS.search(own_parts(said.replace('href="#pair-1"', "")))
