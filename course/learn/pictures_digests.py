"""Two archives side by side: which of their files are the same, told by the digests of the files' contents."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, INK, NO_GUESS, PAPER, display, figure, label, waits

SHORT = 12  # hexadecimal digits of a digest that a picture shows


def show_digests(
    first: str | None = None,
    second: str | None = None,
    *,
    names: tuple[str, str] = ("first run", "second run"),
    guess: float | None = NO_GUESS,
) -> None:
    """Show two archives, given by their addresses s3://bucket/key, file by file: which are the same.

    `names` say what the archives are, `guess` is how many files are thought to be the same.
    """
    if not first or not second:
        print(f"There are no two archives yet, {names[0]} and {names[1]}, to put side by side.")
        return
    if waits(guess):
        return
    both = [_digests(address) for address in (first, second)]
    files = sorted(set(both[0]) | set(both[1]))
    same = both[0] == both[1]
    lines = [f"The archives of the {names[0]} and the {names[1]}: {'one digest' if same else 'two digests'}"]
    for file in files:
        missing = [name for name, digests in zip(names, both, strict=True) if file not in digests]
        verdict = f"not in the {missing[0]}" if missing else "same" if both[0][file] == both[1][file] else "differs"
        lines.append(f"  {file}: {verdict}")
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was that {guess:g} of them are the same")
    display(_draw(files, both, names), "\n".join(lines))


def _digests(address: str) -> dict[str, str]:
    """SHA-256 of each file of an archive, by the file's name."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    packed = world.current().client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = [member for member in tar if member.isfile()]
        contents = {member.name: tar.extractfile(member).read() for member in files}  # type: ignore[union-attr]
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _draw(files: list[str], both: list[dict[str, str]], names: tuple[str, str]) -> Any:
    drawn, axes = figure(0.9 + 0.42 * (len(files) + 1))
    rows = [("all files", *(_whole(digests) for digests in both))]
    rows += [("    " + file, *(digests.get(file, "") for digests in both)) for file in files]
    for row, (name, first, second) in enumerate(rows):
        alike = first == second
        colour = COLOURS[2] if alike else COLOURS[5]
        axes.text(0.0, row, name, fontsize=9.5, color=INK, va="center", family="monospace")
        for place, digest in ((0.3, first), (0.62, second)):
            box = {"facecolor": colour, "alpha": 0.22, "edgecolor": colour, "boxstyle": "round,pad=0.3"}
            words = f"{digest[:SHORT]}…" if digest else "not there"
            axes.text(place, row, words, fontsize=9.5, color=INK, va="center", family="monospace", bbox=box)
        axes.text(0.56, row, "=" if alike else "≠", fontsize=12, color=INK, va="center", ha="center")
    for place, name in ((0.3, names[0]), (0.62, names[1])):
        axes.text(place, -0.85, name, fontsize=9.5, color=INK, weight="bold", va="center")
    axes.set_xlim(0, 0.95)
    axes.set_ylim(len(rows) - 0.4, -1.3)
    axes.set_axis_off()
    axes.set_facecolor(PAPER)
    label(axes, title="Two archives, file by file (SHA-256 of the contents)")
    return drawn


def _whole(digests: dict[str, str]) -> str:
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
