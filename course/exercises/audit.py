"""What an auditor of TxGuard is given: payments with the model's verdicts, three of them to explain, a baseline, loans.

The verdicts are those of the frozen model, asked by a job and remembered by seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from course.exercises import frozen, txguard
from course.exercises.facets import GUIDE, OUTCOMES, Counts
from course.learn.world import World

if TYPE_CHECKING:
    import pandas

ROWS, BACKGROUND = 3_000, 12
CUT = 0.3  # payments that score at least this are flagged

_scored: dict[int, list[float]] = {}


def features() -> list[str]:
    """The columns that the model sees, in its order."""
    from course.data import FEATURES

    return list(FEATURES)


def loans() -> pandas.DataFrame:
    """Loan applications with the guide's confusion matrices: who would have repaid, and who was approved."""
    import pandas

    rows = []
    for group, counted in zip("ad", GUIDE, strict=True):
        for cell, count in counted.items():
            repaid, approved = OUTCOMES[cell]
            earns_enough = approved or (group, cell) == ("d", "FN")  # so that the flip test finds these
            least = 2000 if earns_enough else 1200
            rows += [
                {"group": group, "income": least + 5 * n, "repaid": repaid, "approved": approved} for n in range(count)
            ]
    return pandas.DataFrame(rows)


def judged(world: World, seed: int) -> pandas.DataFrame:
    """Payments whose distance is known, with age group, label, TxGuard's score, and whether it flags them."""
    from course.data import LABEL, transactions

    rows = transactions(seed, ROWS, start_day=60).dropna(subset=["km_from_home"]).reset_index(drop=True)
    young = rows["customer_age"] < 26
    table = rows[features()].assign(age_group=young.map({True: "young", False: "older"}), fraud=rows[LABEL])
    if seed not in _scored:
        _scored[seed] = _ask(world, table[features()])
    return table.assign(score=_scored[seed], flagged=[int(score >= CUT) for score in _scored[seed]])


def _ask(world: World, rows: pandas.DataFrame) -> list[float]:
    """What the model of the archive says about rows, by a job."""
    name, s3 = f"{frozen.OWN}judge-{world.seed % 0x10000:04x}", world.client("s3")
    s3.create_bucket(Bucket=name)
    role = txguard.make_role(world, name)
    frozen.hand_over(world, role, f"s3://{name}/archive/model.tar.gz")
    s3.put_object(Bucket=name, Key="rows/rows.csv", Body=rows.to_csv(index=False).encode())
    code = frozen.pack({file: (frozen.SCRIPTS / file).read_text() for file in ("predict.py", "fraud_model.py")})
    s3.put_object(Bucket=name, Key="code/sourcedir.tar.gz", Body=code)
    channels = {channel: f"s3://{name}/{channel}/" for channel in ("archive", "rows")}
    txguard.run(world, name, role, "predict.py", **channels)
    output = frozen.members(frozen.read(world, f"s3://{name}/model/{name}/output/output.tar.gz"))
    frozen.forget(world, name)
    iam = world.client("iam")
    iam.delete_role_policy(RoleName=name, PolicyName="run-jobs")
    iam.delete_role(RoleName=name)
    return [float(line) for line in output["scores.csv"].split()]


def chosen(rows: pandas.DataFrame) -> pandas.DataFrame:
    """A fraud that was caught, an honest payment that was flagged, a fraud that went through: the clearest of each."""
    ordered = rows.sort_values("score", ascending=False, kind="stable")
    kinds = ((1, 1, 0), (0, 1, 0), (1, 0, -1))
    places = [ordered.query("fraud == @fraud and flagged == @flag").index[at] for fraud, flag, at in kinds]
    return rows.loc[places]


def background(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Payments from the lowest score to the highest, at equal steps of rank."""
    ordered = rows.sort_values("score", kind="stable")
    return ordered.iloc[[round(n * (len(rows) - 1) / (BACKGROUND - 1)) for n in range(BACKGROUND)]]


def counts(rows: pandas.DataFrame) -> tuple[Counts, Counts]:
    """The confusion matrices of the older and of the young; favourable is not to be flagged."""
    favourable = rows[["fraud", "flagged"]] == 0
    found = []
    for group in ("older", "young"):
        here = favourable[rows["age_group"] == group]
        found.append(
            {
                cell: int(((here["fraud"] == bool(seen)) & (here["flagged"] == bool(said))).sum())
                for cell, (seen, said) in OUTCOMES.items()
            }
        )
    return found[0], found[1]
