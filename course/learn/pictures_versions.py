"""The versions of a model in its registry as a ladder: what was measured on each, and what was decided about it."""

from __future__ import annotations

import json
from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, FAINT, INK, PAPER, display, figure, label

STATES = {  # of approval: colour and mark
    "Approved": (COLOURS[2], "✓"),
    "Rejected": (COLOURS[5], "✗"),
    "PendingManualApproval": (COLOURS[1], "?"),
}
LONGEST_REASON = 90  # characters


def show_versions(group: str) -> None:
    """Show a model package group's versions, the newest on top: figures of its report, approval, reason.

    Figures are those of the JSON report that ModelMetrics names: its numbers, and the recall under "slices".
    """
    packages = _packages(group)
    if not packages:
        print(f"There are no versions in a group {group} yet.")
        return
    rungs = [(package, _figures(package)) for package in packages]
    lines = [f"The versions of {group}, the newest on top"]
    for package, figures in rungs:
        lines.append(f"  version {package['ModelPackageVersion']}: {package['ModelApprovalStatus']}{_reason(package)}")
        lines.append(f"    {figures or 'no metrics'}")
    display(_draw(group, rungs), "\n".join(lines))


def _packages(group: str) -> list[dict[str, Any]]:
    """The versions as Describe gives them, the newest first; none if there is no such group."""
    sm = world.current().client("sagemaker")
    try:
        pages = sm.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        arns = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
    except sm.exceptions.ClientError:
        return []
    described = [sm.describe_model_package(ModelPackageName=arn) for arn in arns]
    return sorted(described, key=lambda package: -package["ModelPackageVersion"])


def _figures(package: dict[str, Any]) -> str:
    """What the report of a version says, in one line; "" without a report that can be read."""
    address = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
    bucket, _, key = address.removeprefix("s3://").partition("/")
    if not key:
        return ""
    s3 = world.current().client("s3")
    try:
        report = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        slices = {f"on {name}": recall for name, recall in report.get("slices", {}).items()}
        told = {"AUC" if name == "auc" else name: value for name, value in report.items()} | slices
    except (s3.exceptions.ClientError, ValueError, AttributeError):
        return ""
    return ", ".join(f"{name} {value:.2f}" for name, value in told.items() if isinstance(value, int | float))


def _reason(package: dict[str, Any]) -> str:
    reason = " ".join(package.get("ApprovalDescription", "").split())
    return f" ({reason[: LONGEST_REASON - 1] + '…' if len(reason) > LONGEST_REASON else reason})" if reason else ""


def _draw(group: str, rungs: list[tuple[dict[str, Any], str]]) -> Any:
    drawn, axes = figure(0.6 + 0.82 * len(rungs))
    for side in (0.0, 0.14):
        axes.plot([side, side], [-0.5, len(rungs) - 0.5], color=FAINT, linewidth=3, zorder=0)
    for row, (package, figures) in enumerate(rungs):
        colour, mark = STATES[package["ModelApprovalStatus"]]
        axes.plot([0.0, 0.14], [row, row], color=FAINT, linewidth=3, zorder=0)
        rung = {"facecolor": PAPER, "edgecolor": FAINT, "boxstyle": "round,pad=0.3"}
        box = {"facecolor": colour, "alpha": 0.22, "edgecolor": colour, "boxstyle": "round,pad=0.3"}
        number = f"version {package['ModelPackageVersion']}"
        axes.text(0.07, row, number, fontsize=9.5, color=INK, va="center", ha="center", weight="bold", bbox=rung)
        axes.text(
            0.2, row - 0.17, f"{mark} {package['ModelApprovalStatus']}", fontsize=9.5, color=INK, va="center", bbox=box
        )
        axes.text(0.47, row - 0.17, _reason(package).strip(" ()"), fontsize=8.5, color=INK, va="center", wrap=True)
        axes.text(0.19, row + 0.25, figures or "no metrics", fontsize=9, color=INK, va="center")
    axes.set_xlim(-0.03, 1.0)
    axes.set_ylim(len(rungs) - 0.4, -0.6)
    axes.set_axis_off()
    axes.set_facecolor(PAPER)
    label(axes, title=f"The versions of {group}, the newest on top")
    return drawn
