"""Who may do what: decisions of policies as a map of actions and resources, told by a mark and a word each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, display, figure, label, waits

DECISIONS = {  # IAM's word: ours, with its colour and mark
    "allowed": ("allowed", COLOURS[2], "✓"),
    "implicitDeny": ("not allowed", FAINT, "○"),
    "explicitDeny": ("denied", COLOURS[5], "✗"),
}
S3 = "arn:aws:s3:::"


def show_access(policies: Mapping[str, Sequence[Mapping[str, Any]] | None], guess: float | None = NO_GUESS) -> None:
    """Show what the policy simulator decided, one map per policy: actions downwards, resources across.

    policies: EvaluationResults of simulate_custom_policy or simulate_principal_policy by the policy's name; what is
    None or empty is left out. guess: how many calls the first policy was thought to allow.
    """
    if waits(guess):
        return
    shown = {name: results for name, results in policies.items() if results}
    if not shown:
        print("Nothing has been decided yet: there are no results to show.")
        return
    lines = []
    for name, results in shown.items():
        allowed = sum(result["EvalDecision"] == "allowed" for result in results)
        lines.append(f"{name}: {allowed} of {len(results)} calls allowed")
        lines += [f"  {_call(result)}: {DECISIONS[result['EvalDecision']][0]}" for result in results]
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was that {next(iter(shown))} allows {guess:g}")
    display(_draw(shown), "\n".join(lines))


def _call(result: Mapping[str, Any]) -> str:
    return f"{result['EvalActionName']} on {_short(result['EvalResourceName'])}"


def _short(arn: str) -> str:
    """A resource without what all have in common."""
    return arn.removeprefix(S3)


def _draw(shown: Mapping[str, Sequence[Mapping[str, Any]]]) -> Any:
    most = max(len(_unique(results, "EvalActionName")) for results in shown.values())
    drawn, _ = figure((1.1 + 0.42 * most) * len(shown), rows=len(shown))
    for (name, results), one in zip(shown.items(), drawn.axes, strict=True):
        actions, resources = _unique(results, "EvalActionName"), _unique(results, "EvalResourceName")
        for result in results:
            word, colour, mark = DECISIONS[result["EvalDecision"]]
            row, column = actions.index(result["EvalActionName"]), resources.index(result["EvalResourceName"])
            one.barh(row, 0.94, 0.88, left=column - 0.47, color=colour, alpha=0.25, edgecolor=colour)
            one.text(column, row, f"{mark} {word}", ha="center", va="center", fontsize=9.5, color=INK)
        one.set_yticks(range(len(actions)), actions, fontsize=9)
        one.set_xticks(range(len(resources)), [fill(_short(arn), 30) for arn in resources], fontsize=8.5)
        one.set_xlim(-0.5, len(resources) - 0.5)
        one.set_ylim(len(actions) - 0.5, -0.5)
        one.spines[["left", "bottom"]].set_visible(False)
        one.tick_params(length=0)
        label(one, title=name)
    return drawn


def _unique(results: Sequence[Mapping[str, Any]], field: str) -> list[str]:
    return list(dict.fromkeys(result[field] for result in results))
