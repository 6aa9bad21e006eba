"""Monitoring schedules: their states, when they run, what is refused."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import MONITOR_ANALYZER, SCIKIT_LEARN

from .watch import CLUSTER, HOUR, INPUT, OUTPUT


@pytest.fixture(scope="module")
def defined(watch):
    """Two definitions; executions fail for want of data, which is all the same here."""
    watch.define("data")
    truth = {"GroundTruthS3Input": {"S3Uri": "s3://lab/truth"}}
    watch.define("quality", "ModelQuality", application={"ProblemType": "Regression"}, given=truth)
    watch.define("long", StoppingCondition={"MaxRuntimeInSeconds": 3601})
    watch.define(
        "halved",
        "ModelQuality",
        application={"ProblemType": "Regression"},
        given=truth,
        StoppingCondition={"MaxRuntimeInSeconds": 1801},
    )
    return watch


def config(name="data", kind="DataQuality", cron="cron(0 * ? * * *)", **more):
    named = {"MonitoringJobDefinitionName": name, "MonitoringType": kind}
    return {**named, "ScheduleConfig": {"ScheduleExpression": cron}, **more}


def status(watch, name):
    return watch.sm.describe_monitoring_schedule(MonitoringScheduleName=name)["MonitoringScheduleStatus"]


def test_a_schedule_is_described_and_listed(defined):
    watch = defined
    arn = watch.schedule("described", "data")
    shown = watch.sm.describe_monitoring_schedule(MonitoringScheduleName="described")
    assert shown["MonitoringScheduleArn"] == arn
    assert arn.endswith(":monitoring-schedule/described")
    assert (shown["MonitoringScheduleStatus"], shown["MonitoringType"]) == ("Scheduled", "DataQuality")
    assert shown["EndpointName"] == "watched"
    assert shown["MonitoringScheduleConfig"] == config()
    assert "LastMonitoringExecutionSummary" not in shown
    watch.schedule("another", "quality", "ModelQuality")
    lister = watch.sm.list_monitoring_schedules

    def names(**filters):
        return {found["MonitoringScheduleName"] for found in lister(**filters)["MonitoringScheduleSummaries"]}

    assert {"described", "another"} <= names(EndpointName="watched")
    assert names(EndpointName="nobody") == set()
    assert names(MonitoringTypeEquals="ModelQuality") == {"another"}
    assert names(MonitoringJobDefinitionName="data") == {"described"}
    assert names(NameContains="descr", StatusEquals="Scheduled") == {"described"}
    [summary] = lister(NameContains="descr")["MonitoringScheduleSummaries"]
    assert (summary["MonitoringJobDefinitionName"], summary["MonitoringType"]) == ("data", "DataQuality")
    for name in ("described", "another"):
        watch.sm.delete_monitoring_schedule(MonitoringScheduleName=name)
    with pytest.raises(ClientError, match="not found") as gone:
        watch.sm.describe_monitoring_schedule(MonitoringScheduleName="described")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_its_states_pass_through_pending(defined):
    watch = defined
    watch.schedule("states", "data")
    watch.sm.stop_monitoring_schedule(MonitoringScheduleName="states")
    assert status(watch, "states") == "Stopped"
    watch.sm.start_monitoring_schedule(MonitoringScheduleName="states")
    watch.sm.update_monitoring_schedule(MonitoringScheduleName="states", MonitoringScheduleConfig=config())
    assert status(watch, "states") == "Scheduled"
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="states")
    line = [one["status"] for one in watch.lab.cloud.control("timeline") if one["name"] == "states"]
    once = ["Pending", "Scheduled"]
    assert line == [*once, "Pending", "Stopped", *once, *once, "Deleted"]


def test_it_runs_every_hour_and_each_time_up_to_20_minutes_late(defined):
    watch = defined
    start = watch.hour()
    watch.schedule("late", "data")
    watch.advance(hours=13)
    found = [one for one in watch.executions("late") if one["ScheduledTime"] <= start + 12 * HOUR]
    assert sorted(one["ScheduledTime"] for one in found) == [start + n * HOUR for n in range(1, 13)]
    delays = {one["CreationTime"] - one["ScheduledTime"] for one in found}
    assert all(timedelta(0) <= delay <= timedelta(minutes=20) for delay in delays)
    assert len(delays) == 12
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="late")


def test_what_falls_due_while_it_is_stopped_is_left_out(defined):
    watch = defined
    watch.schedule("paused", "data")
    watch.sm.stop_monitoring_schedule(MonitoringScheduleName="paused")
    watch.advance(hours=5)
    assert watch.executions("paused") == []
    watch.sm.start_monitoring_schedule(MonitoringScheduleName="paused")
    watch.next_hour()
    assert len(watch.executions("paused")) == 1
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="paused")


def test_an_update_takes_the_place_of_what_was_planned(defined):
    watch = defined
    watch.schedule("updated", "data")
    hour = (watch.hour() + 6 * HOUR).hour
    watch.sm.update_monitoring_schedule(
        MonitoringScheduleName="updated", MonitoringScheduleConfig=config(cron=f"cron(0 {hour} ? * * *)")
    )
    watch.advance(hours=5)
    assert watch.executions("updated") == []
    watch.advance(hours=2)
    [execution] = watch.executions("updated")
    assert execution["ScheduledTime"].hour == hour
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="updated")


def test_without_an_expression_it_runs_once_a_day(defined):
    watch = defined
    daily = {name: value for name, value in config().items() if name != "ScheduleConfig"}
    watch.sm.create_monitoring_schedule(MonitoringScheduleName="daily", MonitoringScheduleConfig=daily)
    watch.advance(hours=48.4)
    assert len(watch.executions("daily")) == 2
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="daily")


def test_the_same_seed_delays_alike(open_cloud):
    """Seeded: two worlds of one seed plan alike, a third of another seed does not."""

    def delay(seed):
        cloud = open_cloud(seed=seed)
        role = cloud.role()
        sm = cloud.client("sagemaker")
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="lab")
        s3.put_object(Bucket="lab", Key="m.tar.gz", Body=b"no model")
        container = {"Image": SCIKIT_LEARN, "ModelDataUrl": "s3://lab/m.tar.gz"}
        sm.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        sm.create_endpoint_config(
            EndpointConfigName="e",
            ProductionVariants=[variant],
            DataCaptureConfig={
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": "s3://lab/capture",
                "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
            },
        )
        sm.create_endpoint(EndpointName="e", EndpointConfigName="e")
        sm.create_data_quality_job_definition(
            JobDefinitionName="d",
            DataQualityAppSpecification={"ImageUri": MONITOR_ANALYZER},
            DataQualityJobInput={"EndpointInput": {"EndpointName": "e", "LocalPath": INPUT}},
            DataQualityJobOutputConfig={
                "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://lab/r", "LocalPath": OUTPUT}}]
            },
            JobResources={"ClusterConfig": CLUSTER},
            RoleArn=role,
        )
        sm.create_monitoring_schedule(MonitoringScheduleName="s", MonitoringScheduleConfig=config("d"))
        cloud.control("advance", seconds=7200)
        [first, *_] = sm.list_monitoring_executions(SortOrder="Ascending")["MonitoringExecutionSummaries"]
        cloud.handle.close()
        return round((first["CreationTime"] - first["ScheduledTime"]).total_seconds())

    first, same, other = delay(11), delay(11), delay(12)
    assert abs(first - same) <= 1  # the store stamps when it is done, a moment later
    assert abs(first - other) > 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MonitoringScheduleConfig": config(cron="cron(0/30 * ? * * *)")}, "Invalid schedule expression"),
        ({"MonitoringScheduleConfig": config(cron="NOW")}, "required when ScheduleExpression is NOW"),
        ({"MonitoringScheduleConfig": config("nobody")}, "Could not find data quality job definition"),
        ({"MonitoringScheduleConfig": config("quality")}, "Could not find data quality job definition"),
        ({"MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "data"}}, "must specify the MonitoringType"),
        ({"MonitoringScheduleConfig": {}}, "either MonitoringJobDefinitionName or MonitoringJobDefinition"),
        ({"MonitoringScheduleConfig": config("long")}, "MaxRuntimeInSeconds 3601 .* may be 3600 at most"),
        ({"MonitoringScheduleConfig": config("halved", "ModelQuality")}, "may be 1800 at most"),
    ],
)
def test_a_schedule_that_can_not_be_is_refused(defined, change, message):
    with pytest.raises(ClientError, match=message) as refused:
        defined.sm.create_monitoring_schedule(MonitoringScheduleName="refused", **change)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_longer_period_allows_a_longer_run(defined):
    defined.schedule("roomy", "halved", "ModelQuality", "cron(0 0/2 ? * * *)")
    defined.sm.delete_monitoring_schedule(MonitoringScheduleName="roomy")


def test_a_name_is_taken_once(defined):
    defined.schedule("twice", "data")
    with pytest.raises(ClientError, match="already exists") as refused:
        defined.schedule("twice", "data")
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    defined.sm.delete_monitoring_schedule(MonitoringScheduleName="twice")


def test_an_endpoint_that_is_not_there_or_does_not_capture_is_refused(defined):
    watch = defined
    watch.define("elsewhere", endpoint={"EndpointName": "nowhere"})
    with pytest.raises(ClientError, match=r'Could not find endpoint "arn:.*:endpoint/nowhere"'):
        watch.schedule("elsewhere")
    model = {"VariantName": "v", "ModelName": "watched", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    watch.sm.create_endpoint_config(EndpointConfigName="deaf", ProductionVariants=[model])
    watch.sm.create_endpoint(EndpointName="deaf", EndpointConfigName="deaf")
    watch.define("deaf", endpoint={"EndpointName": "deaf"})
    with pytest.raises(ClientError, match="Endpoint deaf does not capture data"):
        watch.schedule("deaf")
    watch.lab.settle("deaf")
    watch.lab.gone("deaf")


def test_alerts_of_the_model_dashboard_are_refused_by_name(defined):
    with pytest.raises(ClientError, match="does not run sagemaker:ListMonitoringAlerts yet"):
        defined.sm.list_monitoring_alerts(MonitoringScheduleName="s")
