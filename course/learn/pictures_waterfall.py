"""How each feature moves a score away from the base: one waterfall for each row that was explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course.learn.pictures_look import COLOURS, FAINT, INK, display, figure, label

if TYPE_CHECKING:
    import pandas

UP, DOWN = COLOURS[5], COLOURS[0]


def show_waterfall(local: pandas.DataFrame | None, base: float | None) -> None:
    """Show rows of SHAP values as steps from the base to the score, the largest first.

    local: a row for each case, a column for each feature, <feature>_<label> as Clarify writes them.
    """
    if local is None or base is None or not len(local):
        print("There are no SHAP values to show yet.")
        return
    steps = [_steps(row) for _, row in local.iterrows()]
    lines = ["From the base to the score"]
    for number, case in enumerate(steps, 1):
        lines.append(f"  case {number}: base {base:.3f}, score {base + sum(case.values()):.3f}")
        lines.append("    " + ", ".join(f"{feature} {value + 0:+.3f}" for feature, value in case.items()))
    display(_draw(steps, base), "\n".join(lines))


def _steps(row: pandas.Series) -> dict[str, float]:
    """Features without the label's name, the largest value first."""
    ordered = row.reindex(row.abs().round(6).sort_values(ascending=False, kind="stable").index)
    return {str(column).rpartition("_")[0] or str(column): round(float(value), 6) for column, value in ordered.items()}


def _draw(cases: list[dict[str, float]], base: float) -> Any:
    longest = max(map(len, cases))
    drawn, _ = figure(0.9 + len(cases) * (0.5 + 0.22 * longest), len(cases))
    for number, (axes, case) in enumerate(zip(drawn.axes, cases, strict=True), 1):
        reached, reach = base, [base]
        for place, value in enumerate(case.values()):
            axes.barh(place, value, left=reached, height=0.66, color=UP if value > 0 else DOWN)
            reached += value
            reach.append(reached)
            right = max(reached, reached - value)
            axes.annotate(f"{value:+.3f}", (right, place), (4, 0), textcoords="offset points", va="center", fontsize=8,
                          color=INK)  # fmt: skip
        axes.axvline(base, color=FAINT, linestyle=":", linewidth=1)
        axes.axvline(reached, color=INK, linestyle="--", linewidth=1)
        axes.set_yticks(range(len(case)), list(case))
        axes.set_ylim(len(case) - 0.4, -0.6)
        width = max(reach) - min(reach) or 1.0
        axes.set_xlim(min(reach) - 0.02 * width, max(reach) + 0.12 * width)
        title = f"case {number}: from {base:.3f} (dotted) to {reached:.3f} (dashed)"
        label(axes, title=title, x="score" if number == len(cases) else "", size=10)
    return drawn
