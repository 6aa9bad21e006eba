"""D4-06 Six incidents, six remedies: what the monitors wrote decides the cause, the cause decides what is done.

Six countries share a model; each has an endpoint of its own and one incident, in an order that the seed draws
(d4_06_months.py has the incidents and the money). The monitors are real and run when the learner lets their hour come:
a data quality and a model quality schedule for each endpoint, over a day whose labels are there. What the learner does
is read from the cloud: the models behind the endpoints, the pipeline's executions, the messages in a queue. Then the
next month is played: its payments are sent to the endpoints as they stand, and the right policy is counted on the same
payments, so that luck with the rows is the same for both.

Right work can differ from the reference in the cut alone. Where that was found by another estimate of the same
quantile it moves a country's month by a few per cent, and the sum of six by less than 1 %; TOLERANCE is 5 %.

Measured on 30 seeds (`python -m tests.exercises.calibrate D4-06`, exact 95 % intervals): the reports led to the cause
180 times of 180 (at least 97.9 %). Right policies, with the reference's cut or one that flags 1 % more, in the month
that is known and in the one that nobody has seen, failed 0 times of 120 (at most 3.1 %). Ten wrong ones were caught 600
times of 600 (at least 99.3 %): training always, with and without telling the feeds' owners, training on the unit bug
too, ignoring everything or the concept drift alone, rolling back on harmless drift, keeping the cut, asking no board,
leaving the broken feed, and telling everybody everything.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from course.exercises import d4_06_months as months
from course.exercises import txguard
from course.exercises.d4_06_months import COUNTRIES, Country
from course.exercises.d4_06_world import build, endpoint_of, names
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

TOLERANCE = 0.05  # of the reference policy's cost


def start(aws: World, seed: int) -> dict[str, Any]:
    """Six endpoints with their captured day, its labels, their monitors, and everything that a remedy needs."""
    return build(aws, seed)


# What was done, and what it costs


def messages(world: World) -> dict[str, list[str]]:
    """The countries named in the messages of each topic, as often as they were."""
    sqs, name = world.client("sqs"), names(world.seed)
    url = sqs.get_queue_url(QueueName=name["messages"])["QueueUrl"]
    taken: list[dict[str, Any]] = []
    while more := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60).get("Messages"):
        taken += more
    for message in taken:  # the next check wants to see them too
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    said: dict[str, list[str]] = {"feeds": [], "reviews": []}
    for message in taken:
        body = json.loads(message["Body"])
        topic = next((topic for topic in said if body.get("TopicArn", "").endswith(name[topic])), None)
        text = f"{body.get('Subject', '')} {body.get('Message', '')}".casefold()
        if topic:
            said[topic] += [country for country in COUNTRIES if country in text]
    return said


def retrainings(world: World) -> int:
    """How often the pipeline was started."""
    sm = world.client("sagemaker")
    pages = sm.get_paginator("list_pipeline_executions").paginate(PipelineName=names(world.seed)["pipeline"])
    return sum(len(page["PipelineExecutionSummaries"]) for page in pages)


def answers(world: World, country: str, rows: Any) -> Any:
    """Which rows a country's endpoint flags; None if it does not answer."""
    import numpy as np

    sm, runtime = world.client("sagemaker"), world.client("sagemaker-runtime")
    endpoint = endpoint_of(world.seed, country)
    body = rows.to_csv(index=False, header=False)
    try:
        sm.get_waiter("endpoint_in_service").wait(EndpointName=endpoint, WaiterConfig=txguard.OFTEN)
        said = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=body)
        lines = said["Body"].read().decode().splitlines()
        flags = np.array([float(line.rpartition(",")[2]) for line in lines]) >= 0.5
    except Exception:
        return None
    return flags if len(flags) == len(rows) else None


def served(world: World, country: str) -> str:
    """What stands behind a country's endpoint: "as it was", "before", "another cut" or "another model"."""
    sm, name = world.client("sagemaker"), names(world.seed)
    config = sm.describe_endpoint(EndpointName=endpoint_of(world.seed, country))["EndpointConfigName"]
    model = sm.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
    container = sm.describe_model(ModelName=model)["PrimaryContainer"]
    old, new = (
        sm.describe_model(ModelName=name[which])["PrimaryContainer"]["ModelDataUrl"] for which in ("before", "model")
    )
    if container.get("ModelDataUrl") == old:
        return "before"
    if container.get("ModelDataUrl") != new:
        return "another model"
    cut = float(container.get("Environment", {}).get("CUT", "nan"))
    return "as it was" if cut == months.CUT else "another cut"


def play(world: World, part: int) -> dict[str, tuple[float, float]]:
    """Each country's month: what it costs as things stand, and by the reference policy. Common costs under ""."""
    said, scores, played = messages(world), world.memory["scores"], {}
    countries = Country.all(world.seed)
    coming = {country.name: country.coming(country.name in said["feeds"], part) for country in countries}
    world.client("sagemaker"), world.client("sagemaker-runtime")  # made here: threads share them
    with ThreadPoolExecutor(len(countries)) as together:
        asked = {name: together.submit(answers, world, name, rows) for name, (rows, _) in coming.items()}
    for country in countries:
        told, fraud = country.name in said["feeds"], coming[country.name][1]
        flagged = asked[country.name].result()
        concept = country.cause == "concept drift"
        then = scores[f"{'anew' if concept else 'score'}-{part}-{country.name}"]
        cut = months.CUT
        if country.cause == "shifted cut":
            cut = months.cut_at(scores[f"score-captured-{country.name}"])
        best = months.cost(then >= cut, fraud)
        spent = months.cost(flagged, fraud) if flagged is not None else float(months.MISSED * fraud.sum())
        neglected = months.has_broken_feed(country.cause) and not told
        neglected |= country.cause == "population shift" and country.name not in said["reviews"]
        played[country.name] = spent + months.UNTOLD * neglected, best
    talk = months.MESSAGE * (len(said["feeds"]) + len(said["reviews"]))
    asked_for = 3 * months.MESSAGE + months.RETRAINING
    played[""] = float(talk + months.RETRAINING * retrainings(world)), float(asked_for)
    return played


def judge(world: World, part: int, what: str) -> Finding:
    """The six months together, beside the reference policy's."""
    played = play(world, part)
    spent, best = (sum(pair[side] for pair in played.values()) for side in (0, 1))
    asked = {
        "looked": f"what {what} cost in all six countries, by what your endpoints answered and what you had done",
        "expected": f"at most {TOLERANCE:.0%} above the right policy's {best:,.0f} euros",
    }
    country = max((name for name in played if name), key=lambda name: played[name][0] - played[name][1])
    over = {name or "messages and trainings": now - then for name, (now, then) in played.items()}
    worst = max(over, key=lambda name: over[name])
    seen = f"{spent:,.0f} euros; furthest off: {worst}, by {over[worst]:,.0f}"
    if spent <= best * (1 + TOLERANCE):
        return found(True, seen=f"{spent:,.0f} euros", **asked)
    return found(False, seen=seen, hint=_why(world, country, worst), **asked)


def _why(world: World, country: str, worst: str) -> str:
    """The hint for the country that cost most."""
    if worst not in COUNTRIES:
        return "d4-06-too-much"
    cause, what = months.causes(world.seed)[country], served(world, country)
    if what == "before":
        return "d4-06-rolled-back"
    if months.has_broken_feed(cause):
        return "d4-06-retrained" if what == "another model" else "d4-06-feed"
    if what == "another model" and cause != "concept drift":
        return "d4-06-retrained"
    return {
        "concept drift": "d4-06-ignored",
        "shifted cut": "d4-06-late",
        "population shift": "d4-06-review",
        "harmless drift": "d4-06-harmless",
    }[cause]


# Probes


@probe(points=2, hint="d4-06-no-causes")
def causes_named(world: World) -> Finding:
    """You name the cause of each country's incident"""
    given = getattr(world.given, "causes", None)
    asked = {"looked": "causes, beside what happened", "expected": "six of six, each one of x.causes"}
    if not isinstance(given, dict) or not given:
        return found(False, seen="nothing" if not given else f"a {type(given).__name__}", **asked)
    said = {str(country).casefold(): str(cause).strip().casefold() for country, cause in given.items()}
    truth = months.causes(world.seed)
    wrong = [country for country, cause in truth.items() if said.get(country) != cause]
    seen = f"{len(truth) - len(wrong)} of {len(truth)}" + (f"; not {', '.join(wrong)}" if wrong else "")
    return found(not wrong, seen=seen, hint="d4-06-causes", **asked)


@probe(points=3, hint="d4-06-harmless")
def month_played(world: World) -> Finding:
    """The next month costs what the right remedies make it cost"""
    return judge(world, 0, "the next month")


PROBES = (causes_named, month_played)

HINTS = {
    "d4-06-no-causes": Hint(
        "causes is a dictionary: the country, and one of the names in x.causes. Each name occurs once.",
        "Your turn: the causes",
    ),
    "d4-06-causes": Hint(
        "Ask three things in this order. Is a column incomplete, or does it lie where no payment ever lay? Then the "
        "feed is broken. Did the people or the prices move? If nothing moved, does the model still rank fraud first?",
        "Six causes, six traces",
    ),
    "d4-06-ignored": Hint(
        "One country's payments look as ever, and what is fraud has changed. Nothing but new labels can teach a model "
        "that: start the pipeline for that country, and bring its endpoint to the new model.",
        "Your turn: the one that learns",
    ),
    "d4-06-retrained": Hint(
        "You trained a model on something that training does not cure. Learned from a broken feed, it is wrong on the "
        "day the feed is repaired; learned from payments that are judged as well as ever, it has only seen fewer.",
        "Remedies",
    ),
    "d4-06-feed": Hint(
        "A feed is broken and its owner has not heard of it. Publish the country's name to x.feeds, and leave the "
        "model alone: it was never wrong.",
        "Your turn: who has to be told",
    ),
    "d4-06-late": Hint(
        "One country flags more than its people can look at, and each case above x.capacity comes late. The ranking is "
        "as good as ever: raise the cut until x.plan of the captured payments reach it.",
        "Your turn: the cut",
    ),
    "d4-06-review": Hint(
        "In one country other people pay than before, and the model flags them more often. Nobody can compute whether "
        "that is fair: publish the country's name to x.reviews, and leave the cut and the model as they are.",
        "Your turn: who has to be told",
    ),
    "d4-06-rolled-back": Hint(
        "The model before this one was replaced because it was worse, and the incident is not the model's doing. "
        "Bring that endpoint back to the configuration x.model.",
        "Remedies",
    ),
    "d4-06-harmless": Hint(
        "In one country payments moved and the model judges them as well as ever. An alarm says that something is "
        "different, not that it is wrong: leave that endpoint as it is.",
        "Six causes, six traces",
    ),
    "d4-06-too-much": Hint(
        "Messages and trainings cost something too. Tell the owners of the two broken feeds, the board of the one "
        "country whose people changed, and train where a new truth has to be learned.",
        "Remedies",
    ),
}
