import re

import pytest

from course.exercises import frozen, o_5


def test_each_of_the_five_changes_the_recipe_and_only_itself():
    recipe = o_5.Recipe(o_5.script(), "v1", {"max-iter": "20", "learning-rate": "0.1"}, 11)
    for field in o_5.FIELDS:
        other = o_5.changed(recipe, field, ["v1", "v2"])
        assert [name for name in o_5.FIELDS if getattr(other, name) != getattr(recipe, name)] == [field]


def test_the_script_has_one_place_for_its_seeds_and_both_sources_of_chance():
    text = o_5.script()
    assert text.count(o_5.MARK) == 1
    assert "random.sample(" in text and "np.random.permutation(" in text


def test_every_culprit_comes_up_within_few_attempts():
    from course.learn.seeds import own_seed

    assert {o_5.culprit(own_seed("self-study", "O-5", attempt)) for attempt in range(1, 6)} == set(o_5.FIELDS)


def test_another_scikit_learns_number_is_written_into_a_pickle_of_the_same_length():
    import pickle

    packed = pickle.dumps({"_sklearn_version": "1.9.1", "x": 1})
    marked = o_5.VERSION_MARK.sub(lambda m: m[1] + b"0" * len(m[2]), packed)
    assert len(marked) == len(packed) and pickle.loads(marked)["_sklearn_version"] == "00000"


def test_a_digest_is_over_the_members_not_over_the_archive():
    one, other = frozen.pack({"a": "1", "b": b"2"}), frozen.pack({"b": "2", "a": "1"})
    assert frozen.digest(one) == frozen.digest(other) != frozen.digest(frozen.pack({"a": "1", "b": "3"}))
    assert frozen.members(one) == {"a": b"1", "b": b"2"}


class Refusing:
    """A world in which nothing was ever made."""

    seed, name, memory = 5, None, {}

    def __init__(self, **given):
        self.given = type("Handed", (), given)()


@pytest.mark.parametrize(
    ("manifest", "hint"),
    [(None, "o-5-no-manifest"), ("x", "o-5-no-manifest"), ({}, "o-5-field-missing"),
     ({"code": "1"}, "o-5-field-missing")],
)  # fmt: skip
def test_what_is_no_manifest_is_told_so(manifest, hint):
    assert o_5.rebuilt_from_manifest.run(Refusing(manifest=manifest)).hint == hint


def test_the_culprit_is_asked_for_in_the_world_that_was_seen_only():
    wrong = next(field for field in o_5.FIELDS if field != o_5.culprit(5))
    assert o_5.culprit_named.run(Refusing(culprit=wrong)).hint == "o-5-culprit"
    assert o_5.culprit_named.run(Refusing(culprit="the weather")).hint == "o-5-no-culprit"
    assert o_5.culprit_named.run(Refusing(culprit=o_5.culprit(5).upper())).points == 1
    elsewhere = Refusing(culprit=wrong)
    elsewhere.name = "rewritten"
    assert o_5.culprit_named.run(elsewhere).points == 1


def test_botocores_model_of_a_training_jobs_input_takes_no_version():
    """Why a version is copied to a key of its own: as soon as AWS takes one, this says so."""
    from botocore.session import get_session

    shapes = get_session().get_service_model("sagemaker")
    source = shapes.operation_model("CreateTrainingJob").input_shape.members["InputDataConfig"].member
    members = source.members["DataSource"].members["S3DataSource"].members
    assert not [name for name in members if re.search("version", name, re.IGNORECASE)]
