"""The command line: one verb, one function. What a verb does lives in the room it calls, imported when it is called.

Exit codes: 0 all is well; 1 something does not hold or cannot be done, one line per fault; 2 the command is not used
as it is meant to be; 130 ended by Ctrl-C.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import CourseError

if TYPE_CHECKING:
    from course.authoring.fault import Fault
    from course.grading.submit import ExerciseResult, Report

WITHHELD = ("course.authoring", "course.grading", "course.hidden")  # from a cohort's edition
CLOUD_PORT = 4566  # where tools for local AWS look first


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code. A person's mistake is one sentence on standard error, never a traceback."""
    words = parser()
    options = words.parse_args(arguments)
    if options.verb == "grade":
        if not (options.file or options.assignment):
            words.error("grade needs --assignment NAME, or one notebook FILE")
        if options.cluster and (options.file or options.workers):
            words.error("--cluster goes with --assignment, and not with FILE or --workers")
        if options.file and options.variant != "same":
            words.error("a FILE has no learner: --variant student is for what lies in submitted/")
    try:
        return options.run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `course … | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("COURSE_DEBUG"):
            raise
        print(sentence(error, options.verb), file=sys.stderr)
        return 1


def sentence(error: Exception, verb: str) -> str:
    """What a person is told about an error."""
    from course.runtime.errors import LaunchError
    from course.syllabus import SyllabusError

    if isinstance(error, CourseError | LaunchError | SyllabusError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith(WITHHELD):
        return f"This edition has no `course {verb}`, your instructor has it: hand in your folder in work/ as they say."
    return (
        f"`course {verb}` met an error that it did not expect ({type(error).__name__}: {error}). "
        f"Please report it with what `COURSE_DEBUG=1 course {verb} …` prints."
    )


def root() -> Path:
    """The course's folder: the nearest one around the current folder, else where the package lies."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "release").is_dir() and (folder / "course" / "syllabus.toml").is_file():
            return folder
    raise CourseError("No course here: go to the folder that holds release/ and course/, and run it again.")


# The verbs, in the order of --help -----------------------------------------------------------------------------------


def lab(options: argparse.Namespace) -> int:
    from course import lab, update

    for line in update.update(root(), options.update) if options.update else ():
        print(line)
    return lab.run(root(), options.port, browser=not options.no_browser)


def cloud(options: argparse.Namespace) -> int:
    from course import standalone

    return standalone.run(options.port)


def env(options: argparse.Namespace) -> int:
    from course import standalone

    print("\n".join(standalone.exports(options.port)))
    return 0


def submit(options: argparse.Namespace) -> int:
    from course.grading.submit import submit

    folder = root()
    print(
        f"Grading {options.assignment}: every exercise runs again, also in worlds that you have not seen …", flush=True
    )
    _print_report(submit(folder, options.assignment), folder)
    return 0


def grade(options: argparse.Namespace) -> int:
    from course.grading import batch, directory
    from course.grading.results import Results

    folder = directory.find(options.course or root(), options.db)
    with Results(options.json) if options.json else nullcontext() as results:
        told = results.add if results else lambda result: None
        if options.file:
            result = batch.file(options.file, folder, options.assignment, trust=options.trust)
            told(result)
            print(f"{options.file}: {result['score']:g} of {result['max_score']:g}", file=sys.stderr)
            failed = [options.file] if result["status"] == "failed" else []
        else:
            tally = batch.run(
                folder, options.assignment, options.student, workers=options.workers, cluster=options.cluster,
                trust=options.trust, told=told, policy=options.variant, again=options.again,
            )  # fmt: skip
            print(f"{options.assignment}: {tally}", file=sys.stderr)
            failed = tally.failed + tally.absent
    if failed:
        print(f"Not graded: {', '.join(map(str, failed))}.", file=sys.stderr)
    return 1 if failed else 0


def progress(options: argparse.Namespace) -> int:
    from course.learn import progress

    work = root() / "work"
    if options.export:
        progress.export(work, options.export)
        print(f"Written: {options.export}")
    elif options.delete:
        gone = progress.delete(work)
        print("Your progress is deleted; notebooks and answers are as they were." if gone else "Nothing was noted.")
    else:
        print(progress.report(work))
    return 0


def export(options: argparse.Namespace) -> int:
    from course.grading.course_folder import open_folder
    from course.grading.export import export

    count = export(open_folder(options.course), options.assignment, options.to, options.out, options.column)
    print(f"{options.out}: {count} {'submission' if count == 1 else 'submissions'}")
    return 0


def excuse(options: argparse.Namespace) -> int:
    from course.grading import excuse
    from course.grading.course_folder import open_folder

    folder, whom = open_folder(options.course), options.student
    print(excuse.change(folder, options.assignment, options.exercise, whom, options.because, undo=options.undo))
    return 0


def report(options: argparse.Namespace) -> int:
    from course import syllabus
    from course.grading import report
    from course.grading.course_folder import open_folder

    objectives = {exercise.id: exercise.objectives for exercise in syllabus.load().exercises}
    pages = report.write(
        open_folder(options.course),
        options.assignment,
        options.out,
        objectives=objectives,
        similarity=options.similarity,
        roster=options.roster,
    )
    for page in pages:
        print(f"Written: {page}")
    return 0


def refresh(options: argparse.Namespace) -> int:
    from course.authoring import operations, refresh

    folder = root()
    return _faults([*refresh.run(folder, check=options.check), *operations.run(folder, check=options.check)])


def release(options: argparse.Namespace) -> int:
    from course.authoring import bundle, release

    if options.bundle:
        files = bundle.build(root(), options.bundle)
        print(f"{options.bundle}: {len(files)} files, no solution among them")
        return 0
    return _faults(release.run(root(), check=options.check))


def lint(options: argparse.Namespace) -> int:
    from course.authoring import lint

    return _faults(lint.run(root()))


def verify(options: argparse.Namespace) -> int:
    from course.authoring import verify

    report = verify.run(root(), options.id or None, options.seeds)
    if options.json:
        report.write(options.json)
    print(f"{len(report.runs)} runs", file=sys.stderr)
    return _faults(report.faults)


def _faults(faults: Iterable["Fault"]) -> int:
    lines = [str(fault) for fault in faults]
    for line in lines:
        print(line)
    return 1 if lines else 0


def _print_report(report: "Report", folder: Path) -> None:
    for exercise in report.exercises:
        print(f"{exercise.id:6} {_points(exercise)}   {exercise.title}")
        for hint in exercise.hints.values():
            print(f"       {hint}")
    print(f"Total  {_points(report)}")
    page = report.feedback.relative_to(folder) if report.feedback.is_relative_to(folder) else report.feedback
    print(f"Feedback: {page}")


def _points(result: "ExerciseResult | Report") -> str:
    """Points that checks gave, and those that a person gives: "4 of 4, and 6 to be graded by hand"."""
    told = [f"{result.score:g} of {result.of:g}"]
    told += [f"{result.by_hand:g} to be graded by hand"] if result.by_hand else []
    told += [f"{result.unwritten:g} for a text that is not written yet"] if result.unwritten else []
    return ", and ".join(told)


# The words ------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    top = argparse.ArgumentParser(
        prog="course",
        description="Five Bridges: machine-learning engineering on a local AWS that really runs what you ask for.",
        epilog="`course VERB --help` tells more. Exit codes: 0 well, 1 faults (one line each), 2 wrong usage.",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, run: object, words: str, more: str = "") -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}. {more}".strip())
        made.set_defaults(run=run)
        return made

    told = verb(
        "lab",
        lab,
        "open the course in JupyterLab",
        "Copies released notebooks to work/, never over yours. Ctrl-C stops it and all that it started.",
    )
    told.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    told.add_argument("--port", type=_port, help="the port of JupyterLab (default: the first free one from 8888 on)")
    told.add_argument(
        "--update", metavar="ASSIGNMENT", help="first merge its new release into your copy; your answers stay"
    )

    told = verb(
        "cloud",
        cloud,
        "run one cloud alone, for boto3, the AWS CLI or an SDK",
        "Prints `ready http://127.0.0.1:PORT`, then how jobs are held, and runs until Ctrl-C. It keeps nothing.",
    )
    _cloud_port(told)

    told = verb(
        "env",
        env,
        "print shell exports that point AWS clients at `course cloud`",
        'Use it as: eval "$(course env)"',
    )
    _cloud_port(told)

    told = verb("submit", submit, "hand in your copy of an assignment, have it graded, and read what came of it")
    told.add_argument("assignment", metavar="ASSIGNMENT", help="its folder in work/, such as d0_orientation")

    told = verb(
        "grade",
        grade,
        "instructors and CI: grade what was handed in, or one notebook file",
        "What has its grade already is not run again; a run that was ended goes on from there.",
    )
    told.add_argument("file", nargs="?", type=Path, metavar="FILE", help="one notebook; no gradebook is written")
    told.add_argument("--course", type=Path, metavar="DIR", help="any nbgrader course (default: this one)")
    told.add_argument("--assignment", metavar="NAME", help="its folder in source/; for FILE, its grade ids tell")
    told.add_argument("--student", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    told.add_argument("--again", action="store_true", help="also grade again what has its grade already")
    told.add_argument("--workers", type=_count, metavar="N", help="processes (default: one per processor)")
    told.add_argument(
        "--cluster", metavar="ADDRESS", help="have the workers of a Dask scheduler do it, such as tcp://10.0.0.1:8786"
    )
    told.add_argument("--json", metavar="FILE", help="write the list of results to FILE; - is standard output")
    told.add_argument(
        "--variant", choices=("same", "student"), default="same",
        help="seeds of tests: the same for all, or with the course's key each learner's own (default: same)",
    )  # fmt: skip
    told.add_argument("--trust", action="store_true", help="go on where submissions cannot be sandboxed")
    told.add_argument(
        "--db", metavar="URL", help="the gradebook, in the place of the one that the course's settings say"
    )

    told = verb(
        "progress",
        progress,
        "show what is open, done, mastered and due again",
        "All of it is in work/ on this machine, and goes nowhere else.",
    )
    choice = told.add_mutually_exclusive_group()
    choice.add_argument("--export", type=Path, metavar="FILE", help="write all that is noted to FILE, as JSON")
    choice.add_argument("--delete", action="store_true", help="forget all that is noted")

    told = verb("export", export, "instructors: write an assignment's scores for another gradebook")
    _graded(told)
    told.add_argument("--to", required=True, choices=("canvas", "moodle", "gradescope"), help="whose gradebook")
    told.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="the CSV file; for gradescope a folder of results.json"
    )
    told.add_argument("--column", metavar="TITLE", help="the assignment's title there (default: its name here)")

    told = verb(
        "excuse",
        excuse,
        "instructors: have an exercise count neither for nor against, for one learner or for all",
        "Nothing is graded again; scores, exports and pages leave it out from now on.",
    )
    told.add_argument("exercise", metavar="EXERCISE", help="as the course names it, such as O-4, or a grade id")
    _graded(told)
    told.add_argument("--student", action="append", default=[], metavar="ID", help="only for this one; may be repeated")
    told.add_argument("--because", default="", metavar="WORDS", help="why, as the learner is told it")
    told.add_argument("--undo", action="store_true", help="have it count again")

    told = verb(
        "report",
        report,
        "instructors: show how hard each exercise was, what it told apart, and what went wrong",
        "No learner is named in it; the pages beside it have names.",
    )
    _graded(told)
    told.add_argument("--out", required=True, type=Path, metavar="FILE", help="the page, such as report.html")
    told.add_argument(
        "--similarity", action="store_true", help="also write a page of alike submissions beside it, with names"
    )
    told.add_argument(
        "--roster", action="store_true", help="also write a page of learners: scores before and now, flags, repairs"
    )

    told = verb(
        "refresh",
        refresh,
        "authors: run the source notebooks and store what they give",
        "Also writes docs/operations.md, the table of the cloud's operations.",
    )
    told.add_argument("--check", action="store_true", help="write nothing: fail if a stored notebook is not fresh")

    told = verb("release", release, "authors: make release/ from source/")
    kind = told.add_mutually_exclusive_group()
    kind.add_argument("--check", action="store_true", help="write nothing: fail if anything is not fresh")
    kind.add_argument("--bundle", type=Path, metavar="DIR", help="make what a cohort gets, without solutions, in DIR")

    verb("lint", lint, "authors: prove that the source notebooks keep every rule")

    told = verb("verify", verify, "authors: prove that exercises give right and wrong work the scores they must get")
    told.add_argument("id", nargs="*", metavar="ID", help="exercises, such as O-8 (default: all)")
    told.add_argument("--seeds", type=_count, default=1, metavar="N", help="attempts of each exercise (default: 1)")
    told.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE")
    return top


def _cloud_port(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--port", type=_port, default=CLOUD_PORT, help=f"the cloud's port (default: {CLOUD_PORT})")


def _graded(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--course", type=Path, default=Path(), metavar="DIR", help="an nbgrader course (default: here)")
    verb.add_argument("--assignment", required=True, metavar="NAME", help="which assignment, by its name")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 (any free one) to 65535, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
