from pathlib import Path

from course.learn import setting


def test_without_an_engine_it_is_a_first_look_in_self_study():
    assert setting.read({}) == setting.Setting("self-study", None, None, None, None, None, None, None)


def test_every_field_has_its_variable_and_the_docstring_names_it():
    own = {"COURSE_STUDENT": "ada", "COURSE_ATTEMPT": "3", "COURSE_WORLD": "elsewhere"}
    own |= {"COURSE_HANDED_IN_BY": "bob"}
    said = setting.read({**own, "COURSE_HIDDEN_RESULTS": "r.json", "COURSE_LAB_SOCKETS": "s", "COURSE_KEY_FILE": "k"})
    assert said == setting.Setting("ada", 3, "elsewhere", Path("r.json"), Path("s"), Path("k"), "bob")
    for name in setting.Setting.__dataclass_fields__:
        assert f"COURSE_{name.upper()}" in setting.Setting.__doc__
