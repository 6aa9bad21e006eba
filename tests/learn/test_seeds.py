from course.learn.seeds import hidden_seed, own_seed


def test_a_seed_is_the_same_for_the_same_student_exercise_and_attempt_and_no_other():
    seeds = {own_seed(who, what, n) for who in ("ada", "bob") for what in ("O-8", "O-7") for n in (1, 2)}
    assert len(seeds) == 8
    assert own_seed("ada", "O-8", 1) == own_seed("ada", "O-8", 1)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_the_parts_of_a_seed_do_not_run_into_each_other():
    assert own_seed("ada1", "O-8", 1) != own_seed("ada", "1O-8", 1)


def test_a_course_with_a_key_of_its_own_has_hidden_worlds_of_its_own(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"a secret")
    assert hidden_seed("O-8", "elsewhere", key) != hidden_seed("O-8", "elsewhere")
    assert hidden_seed("O-8", "elsewhere", key) == hidden_seed("O-8", "elsewhere", key)


def test_each_learners_hidden_worlds_can_be_their_own(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"a secret")
    seeds = {hidden_seed("O-8", "elsewhere", key, variant) for variant in (None, 0, 1, 2)}
    assert len(seeds) == 4 and hidden_seed("O-8", "elsewhere", key, 1) in seeds
