"""course/cloud/sagemaker/replay.py and replay_sample.py, through the owner's door and boto3"""

import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from urllib.error import HTTPError

import pytest

from course.cloud.images import SCIKIT_LEARN

from ..autoscaling.conftest import archived, lab, shop
from .conftest import archive
from .echo import endpoint, variant

__all__ = ["archived", "lab", "shop"]


def replay(shop, counts, limit=100.0, endpoint="shop"):
    return shop.lab.cloud.control("replay", endpoint=endpoint, variant="main", counts=counts, limit=limit)


def test_minutes_pass_and_cloudwatch_counts_what_came(shop):
    before = datetime.fromisoformat(shop.lab.cloud.control("now")["now"])
    answer = replay(shop, [120, 250, 0, 90])
    assert answer["instances"] == [2, 2, 2, 2]
    assert answer["timeouts"] == [0, 50, 0, 0]
    after = datetime.fromisoformat(shop.lab.cloud.control("now")["now"])
    assert timedelta(minutes=3) <= after - before <= timedelta(minutes=4, seconds=30)

    def sums(name):
        points = shop.cw.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": "shop"}, {"Name": "VariantName", "Value": "main"}],
            StartTime=before - timedelta(minutes=2),
            EndTime=after + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return [point["Sum"] for point in sorted(points, key=lambda point: point["Timestamp"])]

    assert sums("Invocations") == [120, 250, 90]
    assert sums("InvocationsPerInstance") == [60, 125, 45]
    assert sums("Invocation5XXErrors") == [0, 50, 0]


def test_scaling_answers_it_with_real_processes(shop):
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    shop.aas.register_scalable_target(**shop.target, MinCapacity=1, MaxCapacity=4)
    shop.aas.put_scaling_policy(
        **shop.target,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 70.0, "PredefinedMetricSpecification": metric},
    )
    answer = replay(shop, [250] * 6 + [50] * 20)
    assert answer["instances"] == [2, 2, 2, *[4] * 18, *[1] * 5]
    assert answer["timeouts"] == [50, 50, 50, *[0] * 23]
    assert [len(names) for names in answer["alarms"]][:5] == [0, 0, 1, 0, 0]
    assert "AlarmHigh" in answer["alarms"][2][0]
    assert shop.counts() == (1, 1)
    shop.aas.deregister_scalable_target(**shop.target)


def test_there_must_be_such_a_variant(shop):
    with pytest.raises(HTTPError, match="400"):
        replay(shop, [1], endpoint="nowhere")


LINES = """
import os
def model_fn(model_dir): return os.environ["ADDS"]
def input_fn(body, content_type): return (body if isinstance(body, str) else body.decode()).splitlines()
def predict_fn(rows, adds):
    if adds == "never": raise ValueError("a faulty build")
    return [str(float(row.split(",")[0]) + float(adds)) for row in rows]
def output_fn(said, accept): return "\\n".join(said) + "\\n", "text/csv"
"""


@pytest.fixture(scope="module")
def bank(lab, archived):
    """Make endpoints of models that add a number to the first cell of each row."""
    code = lab.put_code("code/lines.tar.gz", serve__py=LINES)

    def model(adds):
        container = {
            "Image": SCIKIT_LEARN,
            "ModelDataUrl": archived,
            "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, "ADDS": adds},
        }
        lab.sm.create_model(ModelName=f"adds-{adds}", ExecutionRoleArn=lab.role, PrimaryContainer=container)
        return f"adds-{adds}"

    models = {adds: model(adds) for adds in ("1", "100", "never")}

    def make(name, weights, shadows=None):
        """weights: {what it adds: weight}."""

        def variants(wanted):
            return [variant(models[adds], f"v{adds}", InitialVariantWeight=w) for adds, w in (wanted or {}).items()]

        config = {
            "DataCaptureConfig": {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://lab/{name}",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
            }
        }
        if shadows:
            config["ShadowProductionVariants"] = variants(shadows)
        endpoint(lab, name, *variants(weights), **config)
        return name

    return make


def lines(lab, prefix):
    """{key: JSON lines} below a prefix of the bucket."""
    found = lab.s3.list_objects_v2(Bucket="lab", Prefix=prefix).get("Contents", [])
    bodies = {item["Key"]: lab.s3.get_object(Bucket="lab", Key=item["Key"])["Body"].read() for item in found}
    return {key: [json.loads(line) for line in body.decode().splitlines()] for key, body in bodies.items()}


def test_a_sample_of_every_hour_is_really_predicted_and_captured(lab, bank):
    name = bank("hours", {"1": 1})
    rows = [f"{number},7" for number in range(25)]
    report = lab.cloud.control(
        "replay",
        endpoint=name,
        limit=100,
        profile=[30, 60],
        days=2 / 24,
        rows=rows,
        per_sample=20,
        labels=[number % 2 for number in range(25)],
        truth="s3://lab/hours-truth",
        label_delay=7200,
    )
    start = datetime.fromisoformat(report["start"])
    assert (report["status"], report["minutes"], report["predicted"]) == ("Finished", 120, 40)
    counts = report["variants"]["v1"]["requests"]
    assert 20 < sum(counts[:60]) / 60 < 40 < sum(counts[60:]) / 60 < 80
    captured = [record for records in lines(lab, "hours/").values() for record in records]
    assert len(captured) == 40
    captured.sort(key=lambda record: record["eventMetadata"]["inferenceId"])
    for number, record in enumerate(captured):
        data, metadata = record["captureData"], record["eventMetadata"]
        assert metadata["inferenceId"] == f"{report['replay']}-{number:08d}"
        assert data["endpointInput"]["data"] == rows[number % 25]
        assert float(data["endpointOutput"]["data"]) == number % 25 + 1
        at = datetime.fromisoformat(metadata["inferenceTime"])
        assert start + timedelta(hours=number // 20) <= at < start + timedelta(hours=number // 20 + 1)
    for key, records in lines(lab, "hours/").items():
        assert {r["eventMetadata"]["inferenceTime"][:13].replace("-", "/").replace("T", "/") for r in records} == {
            "/".join(key.split("/")[3:7])
        }
    assert lines(lab, "hours-truth/") == {}
    lab.cloud.control("advance", seconds=7200)
    truth = lines(lab, "hours-truth/")
    told = {r["eventMetadata"]["eventId"]: r["groundTruthData"]["data"] for records in truth.values() for r in records}
    assert told == {f"{report['replay']}-{number:08d}": str(number % 25 % 2) for number in range(40)}
    first = min(truth)
    collected = start + timedelta(hours=3)
    assert first.startswith(f"hours-truth/{collected:%Y/%m/%d/%H}/")


def test_variants_share_by_weight_and_a_shadow_hears_it_too(lab, bank):
    name = bank("shared", {"1": 9}, shadows={"100": 9})
    report = lab.cloud.control(
        "replay", endpoint=name, limit=10_000, counts=[1000] * 10, rows=["1", "2"], per_sample=10, every=5
    )
    assert report["variants"]["v1"]["requests"] == report["variants"]["v100"]["requests"] == [1000] * 10
    assert report["instances"] == [1] * 10
    said = {}
    for key, records in lines(lab, "shared/").items():
        for record in records:
            said.setdefault(key.split("/")[2], []).append(float(record["captureData"]["endpointOutput"]["data"]))
    assert sorted(said["v1"]) == [2.0] * 10 + [3.0] * 10
    assert sorted(said["v100"]) == [101.0] * 10 + [102.0] * 10
    lab.gone(name)

    name = bank("split", {"1": 1, "100": 3})
    report = lab.cloud.control("replay", endpoint=name, limit=10_000, counts=[1000] * 20)
    shares = [sum(report["variants"][v]["requests"]) / 20_000 for v in ("v1", "v100")]
    assert shares == pytest.approx([0.25, 0.75], abs=5 * (0.25 * 0.75 / 20_000) ** 0.5)
    counted = lab.cloud.control("invocations")["split"]
    assert sum(counts["ok"] for counts in counted.values()) == 20_000


def test_what_a_model_really_fails_counts_for_the_minutes(lab, bank):
    name = bank("faulty", {"never": 1})
    cw = lab.cloud.client("cloudwatch")
    cw.put_metric_alarm(
        AlarmName="faulty",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "vnever"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
    )
    report = lab.cloud.control("replay", endpoint=name, limit=100, counts=[50] * 4, rows=["1"], per_sample=2, every=1)
    assert report["variants"]["vnever"]["errors"] == [50] * 4
    assert report["timeouts"] == [0] * 4
    assert report["alarms"] == [[], ["faulty"], ["faulty"], ["faulty"]]
    assert lines(lab, "faulty/") == {}
    cw.delete_alarms(AlarmNames=["faulty"])


def test_latency_and_its_percentiles_are_in_cloudwatch(lab, bank):
    name = bank("slow", {"1": 1})
    begin = datetime.fromisoformat(lab.cloud.control("now")["now"]).replace(second=0, microsecond=0)
    lab.cloud.control("replay", endpoint=name, limit=600, counts=[60, 540, 900], latency=0.05)
    found = lab.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "v1"}],
        StartTime=begin,
        EndTime=begin + timedelta(minutes=3),
        Period=60,
        Statistics=["Average", "SampleCount"],
        ExtendedStatistics=["p50", "p99"],
        Unit="Microseconds",
    )["Datapoints"]
    assert [point["SampleCount"] for point in found] == pytest.approx([60, 540, 900])
    averages = [point["Average"] for point in found]
    assert averages[0] == pytest.approx(50_000, rel=0.2)
    assert averages == sorted(averages)
    assert found[2]["ExtendedStatistics"]["p99"] == 60e6
    assert found[1]["ExtendedStatistics"]["p50"] < found[1]["Average"] < found[1]["ExtendedStatistics"]["p99"]


def day_of(cloud):
    """What is seen in a day of traffic with a spike, a scaling policy, an alarm and a sample: all but the times."""
    s3, sm, cw = cloud.client("s3"), cloud.client("sagemaker"), cloud.client("cloudwatch")
    s3.create_bucket(Bucket="lab")
    s3.put_object(Bucket="lab", Key="code.tar.gz", Body=archive(serve__py=LINES))
    s3.put_object(Bucket="lab", Key="model.tar.gz", Body=archive(weights__txt="1"))
    code = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://lab/code.tar.gz", "ADDS": "1"}
    container = {"Image": SCIKIT_LEARN, "ModelDataUrl": "s3://lab/model.tar.gz", "Environment": code}
    sm.create_model(ModelName="day", ExecutionRoleArn=cloud.role(), PrimaryContainer=container)
    variants = [variant("day", name, InitialVariantWeight=weight) for name, weight in (("a", 1), ("b", 3))]
    capture = {
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://lab/day",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    sm.create_endpoint_config(EndpointConfigName="day", ProductionVariants=variants, DataCaptureConfig=capture)
    sm.create_endpoint(EndpointName="day", EndpointConfigName="day")
    sm.get_waiter("endpoint_in_service").wait(EndpointName="day", WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    scaling = cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/day/variant/b",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **target,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 60.0, "PredefinedMetricSpecification": metric},
    )
    cw.put_metric_alarm(
        AlarmName="lost",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": "day"}, {"Name": "VariantName", "Value": "b"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    plan = {"endpoint": "day", "limit": 100, "profile": [40, 300, 40, 40], "days": 4 / 24}
    report = cloud.control("replay", **plan, rows=["1", "2", "3"], per_sample=30)
    start = datetime.fromisoformat(report.pop("start"))
    names = [[name.partition("-AlarmHigh")[0].partition("-AlarmLow")[0] for name in at] for at in report.pop("alarms")]
    history = cw.describe_alarm_history(HistoryItemType="StateUpdate", ScanBy="TimestampAscending")["AlarmHistoryItems"]
    changes = [((item["Timestamp"] - start) // timedelta(minutes=1), item["HistorySummary"]) for item in history]
    captured = [record for records in lines(SimpleNamespace(s3=s3), "day/").values() for record in records]
    ids = sorted(record["eventMetadata"]["inferenceId"] for record in captured)
    return report, names, changes, ids


def test_the_same_seed_gives_the_same_day(open_cloud):
    days = []
    for seed in (7, 7, 8):
        cloud = open_cloud(seed=seed)
        days.append(day_of(cloud))
        cloud.handle.close()
    first, second, other = days
    assert first == second
    assert first[0]["variants"] != other[0]["variants"]
    report, _, changes, ids = first
    assert max(report["variants"]["b"]["instances"]) == 3
    assert report["variants"]["b"]["instances"][-1] < 3
    assert sum(report["timeouts"]) > 0
    assert len(changes) > 4
    assert 30 < len(ids) < 90


def test_a_replay_begins_later_and_plays_with_the_clock(lab, bank):
    name = bank("later", {"1": 1})
    control = lab.cloud.control
    now = datetime.fromisoformat(control("now")["now"])
    start = now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    plan = {"endpoint": name, "limit": 100, "counts": [10] * 5, "start": start.isoformat(), "wait": False}
    begun = control("replay", **plan)
    assert (begun["status"], begun["minutes"]) == ("Running", 0)
    with pytest.raises(HTTPError, match="400"):
        control("replay", **plan)
    control("advance", seconds=(start - now).total_seconds() + 121)
    assert control("replayed")["minutes"] == 2
    lab.gone(name)
    control("advance", seconds=600)
    report = control("replayed", replay=begun["replay"])
    assert (report["status"], report["minutes"]) == ("Stopped", 2)


@pytest.mark.parametrize(
    "plan",
    [
        {"endpoint": "nowhere", "limit": 1, "counts": [1]},
        {"limit": 1},
        {"limit": 1, "counts": [1], "profile": [1]},
        {"limit": 1, "counts": []},
        {"limit": 1, "counts": [-1]},
        {"limit": 0, "counts": [1]},
        {"limit": 1, "counts": [1], "variant": "other"},
        {"limit": 1, "counts": [1], "rows": ["1"], "labels": []},
        {"limit": 1, "counts": [1], "start": "2020-01-01T00:00:00+00:00"},
        {"limit": 1, "profile": [1], "days": 400},
        {"limit": 1, "counts": [1], "speed": 2},
    ],
)
def test_what_cannot_be_replayed(shop, plan):
    with pytest.raises(HTTPError, match="400"):
        shop.lab.cloud.control("replay", **{"endpoint": "shop"} | plan)
