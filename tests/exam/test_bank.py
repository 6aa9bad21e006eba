"""Every item of the bank is sound and explained; each way of being unsound is refused by name."""

import tomllib

import pytest

from course.exam import bank
from course.exam.bank import ItemError
from course.exam.items import CASE, CHOICE, KINDS, MATCHING, ORDERING, RESPONSE
from course.exam.judging import judge, solution

ITEMS = [item for exercise in bank.exercises() for item in bank.load(exercise)]
SEEDS = range(20)

OPTION = '[[item.option]]\nid = "{id}"\ntext = "Text"\n{more}\n'
RIGHT, WRONG = 'right = true\nwhy = "Why"', 'tempting = "T"\nwrong = "W"\nwhen = "N"'
HEAD = """[[item]]
id = "o-1-one"
version = 1
kind = "multiple-choice"
objectives = ["1.1-S2"]
exercise = "D1-01"
exam = "C01+C02"
stem = "Which?"
"""


def options(*kinds):
    return "".join(OPTION.format(id=f"option-{n}", more=kind) for n, kind in enumerate(kinds))


def read(tmp_path, text, name="o_1.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return bank.read(path)


GOOD = HEAD + options(RIGHT, WRONG, WRONG, WRONG)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_every_wording_of_every_item_has_an_answer_and_explains_every_option(item):
    for seed in SEEDS:
        asked = item.filled(item.drawn(seed))
        assert judge(asked, solution(asked)).right
        texts = [asked.stem, *(text for option in asked.options for text in vars(option).values())]
        assert not any("{" in str(text) for text in texts), "a placeholder is left"
        for option in [*asked.options, *(o for question in asked.questions for o in question.options)]:
            assert option.why if option.right else option.tempting and option.wrong and option.when
        assert all(step.why for step in asked.steps) and all(prompt.why for prompt in asked.prompts)
        assert all(choice.when for facet in asked.facets for choice in facet.choices)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_orders_differ_by_seed_and_never_show_the_right_one(item):
    shown = {item.mixed_steps(seed) for seed in SEEDS}
    assert item.steps not in shown or not item.steps
    right = [next((n for n, o in enumerate(item.shuffled(seed).options) if o.right), 0) for seed in SEEDS]
    assert len(set(right)) > 1 or not item.options, "the right option always stands in the same place"
    assert item.shuffled(3) == item.shuffled(3) and item.mixed_steps(3) == item.mixed_steps(3)


def test_the_pretest_has_one_item_per_task_statement_in_all_kinds():
    items = bank.load("O-1")
    tasks = [item.objectives[0].split("-")[0] for item in items]
    assert tasks == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.2", "3.3", "4.1", "4.2", "4.3"]
    assert {item.kind for item in items} == set(KINDS)


def test_the_map_has_twenty_cards_on_all_bridges_and_one_service_is_left_over_in_each_hand():
    items = bank.load("O-6")
    answers = [prompt.answer for item in items for prompt in item.prompts]
    assert len(answers) == 20
    assert {bridge: sum(answer[0] == bridge for answer in answers) for bridge in "12345"} == dict.fromkeys("12345", 4)
    assert all(
        domain == {"1": "D1", "2": "D2", "3": "D3", "4": "D3", "5": "D4"}[bridge] for bridge, domain, _ in answers
    )
    for item in items:
        used = [prompt.answer[2] for prompt in item.prompts]
        assert len(set(used)) == len(used) == len(item.facets[2].choices) - 1


def test_an_unknown_exercise_has_no_items_and_an_unknown_item_is_none():
    assert bank.load("D9-99") == () and bank.find("o-1-nothing") is None and bank.find("nonsense") is None
    assert bank.find("o-1-format") in bank.load("O-1")


def test_a_clause_may_change_the_answer(tmp_path):
    text = HEAD.replace("Which?", "{clause}. Which?")
    text += 'variant = [{clause = "At night"}, {clause = "At once", right = ["option-1"]}]\n'
    (item,) = read(tmp_path, text + options(f"{RIGHT}\n{WRONG}", f'why = "Why"\n{WRONG}', WRONG, WRONG))
    night, once = item.filled({"variant": 0}), item.filled({"variant": 1})
    assert (night.stem, once.stem) == ("At night. Which?", "At once. Which?")
    assert (solution(night), solution(once)) == (["option-0"], ["option-1"])
    assert {item.drawn(seed)["variant"] for seed in SEEDS} == {0, 1}


@pytest.mark.parametrize(
    "parameters", [{}, {"variant": 9}, {"variant": "x"}, {"variant": None}, {"few": 7}, {"few": True}]
)
def test_parameters_that_the_item_does_not_know_give_its_first_wording(tmp_path, parameters):
    text = HEAD.replace("Which?", "{few} of {many}?") + "parameters = {few = [2, 3]}\nvariant = [{many = 40}]\n"
    (item,) = read(tmp_path, text + options(RIGHT, WRONG, WRONG, WRONG))
    assert item.filled(parameters).stem == "2 of 40?"
    assert item.filled({"few": 3}).stem == "3 of 40?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oops", "cannot be read as TOML"),
        ('colour = "red"', r"holds \[\[item\]\] and \[\[facet\]\] only"),
        ("", "has no item"),
        (GOOD.replace("o-1-one", "Nonsense"), "is not an id such as"),
        (GOOD.replace("o-1-one", "o-2-one"), "its id begins with o-1-"),
        (GOOD + GOOD, "more than once"),
        (GOOD.replace("multiple-choice", "essay"), "kinds are"),
        (GOOD.replace("1.1-S2", "9.9-S9"), "unknown objectives"),
        (GOOD.replace('["1.1-S2"]', "[]"), "unknown objectives"),
        (GOOD.replace("D1-01", "one"), "no exercise id"),
        (GOOD.replace("C01+C02", "C09"), "exams are"),
        (GOOD.replace("version = 1", "version = 0"), "version below 1"),
        (GOOD.replace("version = 1", 'version = "1"'), "version that is no int"),
        (GOOD.replace("version = 1\n", ""), "version"),
        (GOOD.replace("version = 1", "version = 1\ncolour = 1"), "unknown field 'colour'"),
        (GOOD.replace("Which?", "{few}?"), "do not agree on few"),
        (GOOD.replace("version = 1", "version = 1\nparameters = {few = [1]}"), "do not agree on few"),
        (HEAD + options(RIGHT, WRONG, WRONG), "one right of four"),
        (HEAD + options(RIGHT, RIGHT, WRONG, WRONG), "one right of four"),
        (HEAD + options(RIGHT, WRONG, WRONG, 'tempting = "T"\nwrong = "W"'), "when is missing"),
        (HEAD + options("right = true", WRONG, WRONG, WRONG), "why option-0 is right"),
        (GOOD.replace("option-1", "option-0"), "option-0 more than once"),
        (GOOD.replace("option-1", "Option 1"), "use lower case and hyphens"),
        (GOOD.replace("multiple-choice", "multiple-response"), "two or more right of five or more"),
        (GOOD.replace("multiple-choice", "ordering"), "it has steps and nothing else"),
        (HEAD.replace("multiple-choice", "matching"), "it has prompts and nothing else"),
        (GOOD.replace("version = 1", 'version = 1\nfacets = ["x"]'), "facets that its file lacks"),
    ],
)
def test_an_unsound_item_is_refused_by_name(tmp_path, text, message):
    with pytest.raises(ItemError, match=message):
        read(tmp_path, text)


STEP = '[[item.step]]\nid = "step-{n}"\ntext = "Text"\nwhy = "Why"\n'
PROMPT = '[[item.prompt]]\nid = "prompt-{n}"\ntext = "Text"\nanswer = ["{answer}"]\nwhy = "Why"\n'
FACET = """[[facet]]
id = "colour"
text = "colour"
choice = [{id = "red", text = "Red", when = "W"}, {id = "blue", text = "Blue", when = "W"}]
"""


@pytest.mark.parametrize("count", [2, 6])
def test_an_ordering_has_three_to_five_steps(tmp_path, count):
    text = HEAD.replace("multiple-choice", "ordering") + "".join(STEP.format(n=n) for n in range(count))
    with pytest.raises(ItemError, match="3 to 5 steps"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("count", "answer", "message"),
    [(2, "red", "3 to 7"), (8, "red", "3 to 7"), (3, "green", "not one choice of each facet")],
)
def test_a_matching_has_three_to_seven_prompts_with_known_answers(tmp_path, count, answer, message):
    text = HEAD.replace("multiple-choice", "matching") + 'facets = ["colour"]\n'
    text += "".join(PROMPT.format(n=n, answer=answer) for n in range(count)) + FACET
    with pytest.raises(ItemError, match=message):
        read(tmp_path, text)


def test_a_case_has_two_questions_or_more(tmp_path):
    text = HEAD.replace("multiple-choice", "case-study")
    text += '[[item.question]]\nid = "one"\nkind = "multiple-choice"\nstem = "What?"\n'
    text += options(RIGHT, WRONG, WRONG, WRONG).replace("item.option", "item.question.option")
    with pytest.raises(ItemError, match="fewer than two questions"):
        read(tmp_path, text)


def test_the_room_stands_alone():
    """Nothing in course.exam imports another room; all may know how an error is said."""
    allowed = ("course.exam", "course.errors")
    for path in bank.HERE.glob("*.py"):
        lines = [
            line.split()[1]
            for line in path.read_text().splitlines()
            if line.startswith(("import course", "from course"))
        ]
        assert all(name.startswith(allowed) for name in lines), path.name


def test_the_kinds_are_the_five_of_the_exam_guide():
    assert KINDS == (CHOICE, RESPONSE, ORDERING, MATCHING, CASE) and len(set(KINDS)) == 5


def test_files_are_plain_toml():
    for path in bank.FOLDER.glob("*.toml"):
        assert set(tomllib.loads(path.read_text(encoding="utf-8"))) <= {"item", "facet"}
