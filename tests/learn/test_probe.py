from course.learn.probe import BROKEN, NOT_YET, NOTE, PASSED, found, noted, probe, total


@probe(points=2, hint="usual")
def works(world):
    """It works"""
    return found(world, looked="here", seen="this", expected="that")


@probe(points=1, hint="usual")
def breaks(world):
    """It breaks"""
    raise KeyError("gone")


def test_a_finding_carries_its_probes_title_points_and_usual_hint():
    good, bad = works.run(True), works.run(False)
    assert (good.status, good.title, good.points, good.of, good.hint) == (PASSED, "It works", 2, 2, None)
    assert (bad.status, bad.points, bad.of, bad.hint) == (NOT_YET, 0, 2, "usual")


def test_a_probe_that_knows_better_overrides_the_hint():
    @probe(points=1, hint="usual")
    def knows(world):
        return found(False, looked="", seen="", expected="", hint="exact")

    assert knows.run(None).hint == "exact"
    assert knows.run(None).title == "knows"


def test_a_note_gives_full_points_and_keeps_its_hint():
    @probe(points=1, hint="usual")
    def notes(world):
        return noted(looked="", seen="", expected="", hint="worth saying")

    finding = notes.run(None)
    assert (finding.status, finding.points, finding.hint) == (NOTE, 1, "worth saying")


def test_a_probe_that_breaks_is_a_finding_of_no_points_that_says_so():
    finding = breaks.run(None)
    assert (finding.status, finding.points, finding.hint) == (NOT_YET, 0, BROKEN)
    assert "KeyError" in finding.seen


def test_hidden_findings_only_take_away_and_never_below_nothing():
    public = [works.run(True)]
    assert total(public, [works.run(True)]) == 2
    assert total(public, [breaks.run(None)]) == 1
    assert total(public, [breaks.run(None)] * 3) == 0
