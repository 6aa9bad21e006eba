"""Right answers of every kind are right, others are not, and what is no answer at all is none."""

import pytest

from course.exam import bank
from course.exam.judging import facets_right, judge, solution, understood

ITEMS = {item.id: item for item in bank.load("O-1")}
JUNK = [
    None,
    0,
    1.5,
    True,
    "nonsense",
    "",
    [],
    {},
    [None],
    [[]],
    ["nonsense"],
    {"a": 1},
    {"cause": ["busy"]},
    [1, 2],
    b"x",
]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize("item", [*ITEMS.values(), bank.load("O-6")[0]], ids=lambda item: item.id)
def test_what_is_no_answer_is_none_and_never_raises(item, junk):
    assert understood(item, junk) is None and judge(item, junk) is None and facets_right(item, junk) is None


def test_one_option_may_stand_without_its_list():
    assert judge(ITEMS["o-1-format"], "parquet").right and not judge(ITEMS["o-1-format"], "gzip").right
    assert judge(ITEMS["o-1-format"], ["parquet", "gzip"]) is None


def test_a_multiple_response_is_all_or_nothing_in_any_order():
    item = ITEMS["o-1-least"]
    assert judge(item, ["list", "get"]).right and understood(item, ["list", "get"]) == ["get", "list"]
    assert judge(item, ["list", "public"]).share == 0
    assert judge(item, ["list"]) is None and judge(item, ["list", "list"]) is None


def test_an_ordering_is_all_or_nothing():
    item = ITEMS["o-1-tuning"]
    right = solution(item)
    assert judge(item, right).right and judge(item, right[::-1]).share == 0
    assert judge(item, right[:-1]) is None and judge(item, [*right[:-1], right[0]]) is None


def test_the_parts_of_matchings_and_cases_are_judged_one_by_one():
    hosting, case = ITEMS["o-1-hosting"], ITEMS["o-1-slow"]
    swapped = {**solution(hosting), "shops": ["async"], "videos": "multi-model"}
    assert judge(hosting, swapped).parts == {"shops": False, "chain": True, "videos": False, "rare": True}
    assert judge(hosting, swapped).share == 0.5 and not judge(hosting, swapped).right
    assert judge(case, {"cause": "busy", "cost": ["all"]}).parts == {"cause": True, "cost": False}
    assert judge(case, {"cause": "busy"}) is None


def test_the_facets_of_a_matching_are_told_apart():
    item = bank.load("O-6")[0]
    answer = {**solution(item), "by-hand": ["3", "D3", "pipelines"]}
    right = facets_right(item, answer)
    place = [prompt.id for prompt in item.prompts].index("by-hand")
    assert [hits[place] for hits in right.values()] == [False, True, True]
    assert sum(map(sum, right.values())) == 14
