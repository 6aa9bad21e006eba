"""What checks said, as they display it for engines, and what an exercise is worth."""

from typing import Any

from nbformat import NotebookNode

from course.grading.region import Region

FINDINGS = "application/vnd.five-bridges.findings+json"  # what a check displays for engines
TOLD = ("title", "status", "hint", "seen", "points", "of")  # of a hidden finding: not what was looked for


def answer(region: Region, notebook: NotebookNode) -> dict[str, Any]:
    """What the last check of an executed region said; no points, and the first error, if it was never reached."""
    told = [data for cell in notebook.cells if cell.id in region.checks for data in findings(cell)]
    errors = [o for cell in notebook.cells for o in cell.outputs if o.output_type == "error"]
    error = f"{errors[0].ename}: {errors[0].evalue}" if errors else ""
    of = points(region)
    if not told:
        return {"points": 0.0, "of": of, "findings": [], "problem": error or "the check was not reached"}
    last = told[-1]
    return {"points": min(float(last["points"]), of), "of": of, "findings": last["findings"], "problem": error}


def findings(cell: NotebookNode) -> list[dict[str, Any]]:
    """What the checks in an executed cell displayed for engines, in order."""
    return [o.data[FINDINGS] for o in cell.get("outputs", []) if FINDINGS in o.get("data", {})]


def points(region: Region) -> float:
    """What an exercise's checks are worth, by source/."""
    graded = [cell.metadata["nbgrader"] for cell in region.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return float(sum(grading["points"] for grading in graded))
