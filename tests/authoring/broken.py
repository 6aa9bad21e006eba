"""One broken notebook per way of breaking a rule: each is the correct one with a single thing changed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, from_dict

from . import fixture_course
from .fixture_course import cell, code, grading, prose, result, stream


@dataclass(frozen=True)
class Broken:
    """A change to the correct notebook, the rule that must notice it, where, and a piece of what it says.

    `also` are rules that the same change cannot help breaking.
    """

    rule: str
    where: str
    says: str
    change: Callable[[NotebookNode], None]
    also: tuple[str, ...] = ()
    name: str = fixture_course.ASSIGNMENT

    def write(self, root: Path) -> Path:
        node = fixture_course.correct()
        self.change(node)
        return fixture_course.write(root, node, self.name)


def source(id: str, text: str) -> Callable[[NotebookNode], None]:
    return lambda node: cell(node, id).update(source=text)


def swap(id: str, old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(node: NotebookNode) -> None:
        assert old in cell(node, id).source
        cell(node, id).source = cell(node, id).source.replace(old, new)

    return change


def metadata(id: str, key: str, **values: object) -> Callable[[NotebookNode], None]:
    return lambda node: cell(node, id).metadata.setdefault(key, NotebookNode()).update(values)


def outputs(id: str, *given: dict) -> Callable[[NotebookNode], None]:
    return lambda node: cell(node, id).update(outputs=[from_dict(output) for output in given])


def insert(after: str, new: dict) -> Callable[[NotebookNode], None]:
    def change(node: NotebookNode) -> None:
        index = next(i for i, c in enumerate(node.cells) if c.id == after)
        node.cells.insert(index + 1, from_dict(new))

    return change


def remove(id: str) -> Callable[[NotebookNode], None]:
    return lambda node: node.update(cells=[c for c in node.cells if c.id != id])


def rename(id: str, new: str) -> Callable[[NotebookNode], None]:
    return lambda node: cell(node, id).update(id=new)


def move_to_end(id: str) -> Callable[[NotebookNode], None]:
    return lambda node: node.cells.append(node.cells.pop(node.cells.index(cell(node, id))))


def no_nbgrader(id: str) -> Callable[[NotebookNode], None]:
    return lambda node: cell(node, id).metadata.pop("nbgrader")


def _exempt(reason: str, fillers: int) -> Callable[[NotebookNode], None]:
    """Exempt one cell, in a notebook with that many more cells."""

    def change(node: NotebookNode) -> None:
        cell(node, "o-8-worked").metadata.tags = ["nbval-ignore-output"]
        cell(node, "o-8-worked").metadata.course.reason = reason
        node.cells += [from_dict(code(f"more-{i}", "x = 1")) for i in range(fillers)]

    return change


E = {"exercise": "O-8"}
FIGURE = {"output_type": "display_data", "data": {"text/plain": "<Figure size 640x480 with 1 Axes>"}, "metadata": {}}
PNG = {"output_type": "display_data", "data": {"text/plain": "a bar chart", "image/png": "AAAA"}, "metadata": {}}
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
LONG = "\n".join(f"x{i} = {i}" for i in range(16))
LEFT = "name = None\n### BEGIN SOLUTION\nname = x.bucket\n### END SOLUTION\n"
HIDDEN_ONLY = '### BEGIN HIDDEN TESTS\ncheck("O-8", name=name, hidden=True)\n### END HIDDEN TESTS'

BROKEN = {
    # the file and its cells
    "a name without a topic": Broken(
        "name", "-", "not a number plus a topic", lambda node: None, ("order", "region"), "orientation"
    ),
    "a name that the syllabus lacks": Broken(
        "name", "-", "no assignment", lambda node: None, ("order", "region"), "d9_elsewhere"
    ),
    "a random cell id": Broken("cell-id", "3f2b9c1e", "no readable slug", rename("o-8-takeaway", "3f2b9c1e")),
    "a uuid as cell id": Broken(
        "cell-id",
        "b1f2b9c1-aaaa-4bbb-8ccc-0123456789ab",
        "no readable slug",
        rename("title", "b1f2b9c1-aaaa-4bbb-8ccc-0123456789ab"),
    ),
    "an id of another exercise": Broken(
        "cell-id", "o-7-takeaway", "begins with o-8-", rename("o-8-takeaway", "o-7-takeaway")
    ),
    "a grade id of its own": Broken(
        "grade-id", "o-8-check", "make it the cell id", metadata("o-8-check", "nbgrader", grade_id="test_1")
    ),
    "an unknown part": Broken("part", "o-8-takeaway", "unknown part", metadata("o-8-takeaway", "course", part="moral")),
    "no part": Broken(
        "part", "o-8-takeaway", "has no part", lambda n: cell(n, "o-8-takeaway").metadata.course.pop("part")
    ),
    "an unknown exercise": Broken(
        "part",
        "d1-01-takeaway",
        "no exercise",
        insert("o-8-takeaway", prose("d1-01-takeaway", "So.", "takeaway", "D1-01")),
        ("order",),
    ),
    "a long cell": Broken("cell-size", "o-8-worked", "16 lines", source("o-8-worked", LONG)),
    "an empty cell": Broken("cell-size", "o-8-worked", "empty", source("o-8-worked", "\n")),
    "another kernel": Broken(
        "notebook-metadata", "-", "kernelspec", lambda n: n.metadata.kernelspec.update(name="conda-env")
    ),
    "a language version": Broken(
        "notebook-metadata", "-", "version", lambda n: n.metadata.language_info.update(version="3.11.7")
    ),
    "widget state": Broken("notebook-metadata", "-", "widget state", lambda n: n.metadata.update(widgets={"a": 1})),
    "no version in the metadata": Broken("version", "-", "do not say version", lambda n: n.metadata.pop("course")),
    "another version in the first cell": Broken(
        "version", "title", "lacks the line", source("title", "# Orientation\n\n*Version 0.0.1*")
    ),
    "a begin that is not locked": Broken(
        "grading-metadata", "o-8-begin", "locked: true", metadata("o-8-begin", "nbgrader", locked=False)
    ),
    "a check that is not graded": Broken(
        "grading-metadata", "o-8-check", "lacks", no_nbgrader("o-8-check"), ("points",)
    ),
    "a blank that is locked": Broken(
        "grading-metadata", "o-8-blank", "locked: false", metadata("o-8-blank", "nbgrader", locked=True)
    ),
    "points on a blank": Broken(
        "grading-metadata", "o-8-blank", "has points", metadata("o-8-blank", "nbgrader", points=1)
    ),
    "an old nbgrader schema": Broken(
        "grading-metadata", "o-8-begin", "schema version 3", metadata("o-8-begin", "nbgrader", schema_version=2)
    ),
    "a graded worked call": Broken(
        "grading-metadata",
        "o-8-worked",
        "only checks",
        lambda n: cell(n, "o-8-worked").metadata.update(grading("o-8-worked", grade=True, locked=True, points=0)),
    ),
    # what the code may be
    "not Python": Broken("parses", "o-8-worked", "not valid Python", source("o-8-worked", "print(")),
    "a class": Broken("no-class", "o-8-worked", "class Cloud", source("o-8-worked", "class Cloud:\n    pass")),
    "a helper": Broken("no-helper", "o-8-worked", "function wait", source("o-8-worked", "def wait():\n    return 1")),
    "an import hidden": Broken("no-shadow", "o-8-worked", "binds begin", source("o-8-worked", "begin = 1")),
    "a sleep": Broken("no-sleep", "o-8-worked", "waiter", source("o-8-worked", "time.sleep(5)")),
    "an address": Broken("no-address", "o-8-worked", "localhost", source("o-8-worked", 'url = "//localhost"')),
    "an address in prose": Broken("no-address", "o-8-takeaway", "127.0.0.1", source("o-8-takeaway", "Open 127.0.0.1.")),
    "a port": Broken("no-address", "o-8-worked", "port = 4566", source("o-8-worked", "port = 4566")),
    "an endpoint address": Broken(
        "no-address", "o-8-worked", "endpoint_url", source("o-8-worked", "s3 = boto3.client('s3', endpoint_url=x.url)")
    ),
    "an access key": Broken("no-secret", "o-8-worked", "key", source("o-8-worked", f'k = "AKIA{"A" * 16}"')),
    "a key in an output": Broken(
        "no-secret", "o-8-worked", "output", outputs("o-8-worked", stream(f"AKIA{'A' * 16}\n"))
    ),
    # an exercise's contract
    "a missing exercise": Broken(
        "order",
        "-",
        "not in the notebook",
        lambda n: n.update(cells=[c for c in n.cells if not c.id.startswith("o-8")]),
    ),
    "a stranger among an exercise's cells": Broken(
        "order", "aside", "stands among", insert("o-8-principle", prose("aside", "By the way."))
    ),
    "no begin": Broken("region", "o-8-heading", "0 begin cells", remove("o-8-begin"), ("region",)),
    "two checks": Broken(
        "region",
        "o-8-heading",
        "2 check cells",
        insert(
            "o-8-check",
            code(
                "o-8-check-2",
                fixture_course.CHECK,
                "check",
                **E,
                **grading("o-8-check-2", grade=True, locked=True, points=0),
            ),
        ),
    ),
    "nothing to do": Broken("region", "o-8-heading", "nothing is left", remove("o-8-blank"), ("names",)),
    "a prompt below its blank": Broken("region", "o-8-blank", "above its prompt", move_to_end("o-8-prompt")),
    "a check above its blank": Broken("region", "o-8-blank", "below its exercise's check", move_to_end("o-8-blank")),
    "a begin of another exercise": Broken(
        "begin", "o-8-begin", 'x = begin("O-8")', source("o-8-begin", 'x = begin("O-7")')
    ),
    "a begin with more in it": Broken(
        "begin", "o-8-begin", "one line", source("o-8-begin", 'x = begin("O-8")\nprint(x)')
    ),
    "a check without its sentence": Broken(
        "check",
        "o-8-check",
        "comment of one sentence",
        swap("o-8-check", "# The bucket is named after the crossing.\n", ""),
    ),
    "a check with two sentences": Broken(
        "check", "o-8-check", "one sentence", swap("o-8-check", "crossing.\n", "crossing. It is there.\n")
    ),
    "a check of another exercise": Broken(
        "check", "o-8-check", 'should check "O-8"', swap("o-8-check", '"O-8"', '"O-7"')
    ),
    "a check without hidden tests": Broken(
        "check", "o-8-check", "hidden", source("o-8-check", fixture_course.CHECK.split("\n###")[0])
    ),
    "a hidden check in the open": Broken(
        "check",
        "o-8-check",
        "between hidden-test markers",
        source("o-8-check", "\n".join(line for line in fixture_course.CHECK.split("\n") if "###" not in line)),
    ),
    "a hidden check of something else": Broken(
        "check", "o-8-check", "public one with hidden=True", swap("o-8-check", "name=name, hidden=True", "hidden=True")
    ),
    "a check that computes": Broken(
        "check", "o-8-check", "should hold", swap("o-8-check", "crossing.\n", "crossing.\nlength = len(name)\n")
    ),
    "a check of unnamed values": Broken(
        "check", "o-8-check", "name every value", swap("o-8-check", "name=name", "**{}"), ("names",)
    ),
    "a name that the prompt lacks": Broken(
        "names", "o-8-check", "the prompt does not name", source("o-8-prompt", "Name the bucket.")
    ),
    "a name that the blank lacks": Broken(
        "names", "o-8-check", "no blank sets", swap("o-8-blank", "name = None", "label = None"), ("names",)
    ),
    "a name that no check takes": Broken(
        "names", "o-8-blank", "no check takes it", swap("o-8-blank", "name = None", "name = None\nrest = None")
    ),
    "a check under another name": Broken(
        "names", "o-8-check", "pass the name itself", swap("o-8-check", "name=name", "bucket=name"), ("names",)
    ),
    "a solution that does not end": Broken(
        "marks", "o-8-blank", "do not pair up", swap("o-8-blank", "\n### END SOLUTION", "")
    ),
    "a mark with other words": Broken(
        "marks", "o-8-blank", "do not pair up", swap("o-8-blank", "### BEGIN", "# BEGIN"), ("stub",)
    ),
    "a solution among the prose": Broken(
        "marks",
        "o-8-worked",
        "does not know as one",
        source("o-8-worked", "### BEGIN SOLUTION\nprint(1)\n### END SOLUTION"),
    ),
    "a blank without marks": Broken("marks", "o-8-blank", "without solution marks", source("o-8-blank", "name = None")),
    "hidden tests in a worked call": Broken(
        "marks", "o-8-worked", "outside a check", source("o-8-worked", HIDDEN_ONLY), ("cell-size",)
    ),
    "a stub that is not Python": Broken(
        "stub",
        "o-8-blank",
        "not valid Python",
        source("o-8-blank", "name = None\nif x:\n    ### BEGIN SOLUTION\n    name = 1\n    ### END SOLUTION"),
    ),
    "a stub that sets nothing": Broken(
        "stub", "o-8-blank", "sets no name", swap("o-8-blank", "name = None\n", ""), ("names",)
    ),
    "a stub that uses None": Broken(
        "stub", "o-8-blank", "uses name", source("o-8-blank", LEFT + "print(name.upper())")
    ),
    "a stub that hands None to a call": Broken(
        "stub", "o-8-blank", "uses name", source("o-8-blank", LEFT + "s3.create_bucket(Bucket=name)")
    ),
    "a stub that loops over None": Broken(
        "stub", "o-8-blank", "uses name", source("o-8-blank", LEFT + "for letter in name:\n    print(letter)")
    ),
    # the words
    "another title": Broken(
        "heading", "o-8-heading", "## O-8 One crossing", swap("o-8-heading", "One crossing", "A crossing")
    ),
    "no heading": Broken("heading", "o-8-principle", "does not open with", remove("o-8-heading"), ("points",)),
    "two headings": Broken(
        "heading",
        "o-8-heading-2",
        "second heading",
        insert("o-8-principle", prose("o-8-heading-2", "### More", "heading", "O-8")),
    ),
    "other points in the heading": Broken(
        "points",
        "o-8-heading",
        "lacks the syllabus's line",
        swap("o-8-heading", "*4 points", "*5 points"),
        ("points-by-hand",),
    ),
    "other minutes in the heading": Broken(
        "points",
        "o-8-heading",
        "lacks the syllabus's line",
        swap("o-8-heading", "20 min", "25 min"),
        ("points-by-hand",),
    ),
    "other points in the metadata": Broken(
        "points", "o-8-takeaway", "the syllabus says 4", metadata("o-8-check", "nbgrader", points=3)
    ),
    "points by hand": Broken(
        "points-by-hand", "o-8-prompt", "2 points", source("o-8-prompt", "Set `name` (2 points).")
    ),
    "no jump list": Broken("jump-list", "-", "lacks a link", remove("jump-list")),
    "a jump list below": Broken("jump-list", "-", "lacks a link", move_to_end("jump-list")),
    "a long principle": Broken("principle", "o-8-principle", "151 words", source("o-8-principle", "word " * 151)),
    "an emoji": Broken("no-emoji", "o-8-takeaway", "U+1F680", source("o-8-takeaway", "Off we go \U0001f680")),
    "an emoji in an output": Broken("no-emoji", "o-8-worked", "U+2705", outputs("o-8-worked", stream("\u2705\n"))),
    # stored outputs
    "a cell that has not run": Broken(
        "ran", "o-8-worked", "None", lambda n: cell(n, "o-8-worked").update(execution_count=None, outputs=[])
    ),
    "a cell that ran later": Broken(
        "ran", "o-8-worked", "7", lambda n: cell(n, "o-8-worked").update(execution_count=7)
    ),
    "a memory address": Broken(
        "stable", "o-8-worked", "memory address", outputs("o-8-worked", result("<object object at 0x7f3a2c0d5e10>"))
    ),
    "a uuid in an output": Broken(
        "stable", "o-8-worked", "random id", outputs("o-8-worked", stream("b1f2b9c1-aaaa-4bbb-8ccc-0123456789ab\n"))
    ),
    "a date and time": Broken(
        "stable", "o-8-worked", "time of day", outputs("o-8-worked", stream("2026-11-20 10:22\n"))
    ),
    "a time in a job's name": Broken(
        "stable", "o-8-worked", "time in a name", outputs("o-8-worked", stream("job-2026-11-20-10-22-33-123\n"))
    ),
    "a temporary path": Broken(
        "stable", "o-8-worked", "path of one machine", outputs("o-8-worked", stream("/tmp/tmpabc/model\n"))
    ),
    "a port in an output": Broken(
        "stable", "o-8-worked", "an address", outputs("o-8-worked", stream("http://127.0.0.1:4566\n"))
    ),
    "a measured time": Broken("stable", "o-8-worked", "measured time", outputs("o-8-worked", stream("took 0.123 s\n"))),
    "a widget view": Broken(
        "canonical", "o-8-worked", "widget-view", outputs("o-8-worked", result("HBox()", **WIDGET))
    ),
    "picture data": Broken(
        "canonical",
        "o-8-worked",
        "image/png",
        outputs("o-8-worked", PNG, stream("The bars fall from left to right.\n")),
    ),
    "a cell's timings": Broken(
        "canonical", "o-8-worked", "execution", metadata("o-8-worked", "execution", begun="now")
    ),
    "an exemption without a reason": Broken("exempt", "o-8-worked", "without a reason", _exempt(" ", 30)),
    "too many exemptions": Broken("exempt", "o-8-worked", "at most 5%", _exempt("the clock is shown", 0)),
    "an exemption by a comment": Broken(
        "exempt", "o-8-worked", "by a comment", source("o-8-worked", "# NBVAL_SKIP\nprint(1)")
    ),
    "a picture that tells nothing": Broken(
        "picture", "o-8-worked", "text equivalent", metadata("o-8-worked", "course", part="picture")
    ),
    "a picture without words": Broken("picture", "o-8-worked", "text equivalent", outputs("o-8-worked", FIGURE)),
}
