"""Executions of monitoring schedules: captured hours judged by a baseline, in jobs of the definition's role."""

import json
import threading
import time
from datetime import UTC, timedelta

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN
from tests.cloud.conftest import TRUST

from .watch import CLUSTER, HOUR, INPUT, OUTPUT, rows

NO_DATA = "Job inputs had no data"


@pytest.fixture(scope="module")
def baseline(watch):
    """What 2,000 clean rows suggest, with room for a window's own chance in completeness. Names the two files."""
    folder = watch.process("baseline", rows(2000, seed=1))
    constraints = watch.get(f"{folder}/constraints.json")
    for feature in constraints["features"]:
        feature["completeness"] = min(feature["completeness"], 0.9)
    watch.put("baseline/constraints.json", constraints)
    return {
        "StatisticsResource": {"S3Uri": f"{folder}/statistics.json"},
        "ConstraintsResource": {"S3Uri": "s3://lab/baseline/constraints.json"},
    }


@pytest.fixture(scope="module")
def hourly(watch, baseline):
    """An hourly schedule; what it finds in rows that are captured for it."""
    watch.define("hourly", baseline=baseline)
    watch.schedule("hourly")

    def judge(lines):
        watch.capture(watch.hour(), lines)
        watch.next_hour()
        return watch.executions("hourly")[0]

    return judge


def change(lines, column, to, every=2):
    """The rows with a column changed in one of `every`."""
    return [
        [*line[:column], to(line[column]), *line[column + 1 :]] if n % every == 0 else line
        for n, line in enumerate(lines)
    ]


def violations(watch, execution):
    found = watch.report(execution, "constraint_violations.json")["violations"]
    return {(one["feature_name"], one["constraint_check_type"]) for one in found}


def test_a_clean_hour_completes_and_writes_its_files_where_aws_does(watch, hourly):
    start = watch.hour()
    execution = hourly(rows(seed=2))
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert execution["ScheduledTime"] == start + HOUR
    delay = execution["CreationTime"] - execution["ScheduledTime"]
    assert timedelta(0) <= delay <= timedelta(minutes=20)
    assert watch.report(execution, "statistics.json")["dataset"]["item_count"] == 300
    assert watch.report(execution, "constraint_violations.json") == {"violations": []}
    folder = f"reports/watched/hourly/{start + HOUR:%Y/%m/%d/%H}"
    assert watch.keys(folder) == [f"{folder}/{n}.json" for n in ("constraint_violations", "constraints", "statistics")]


def test_the_job_of_an_execution_is_a_processing_job_as_aws_describes_it(watch, hourly):
    start = watch.hour()
    execution = hourly(rows(seed=3))
    name = execution["ProcessingJobArn"].rpartition("/")[2]
    assert name.startswith(f"model-monitoring-{start + HOUR:%Y%m%d%H%M}-")
    job = watch.sm.describe_processing_job(ProcessingJobName=name)
    assert job["RoleArn"] == watch.lab.role
    assert job["ExitMessage"] == "Completed: Job completed successfully with no violations."
    variables = job["Environment"]
    assert variables["start_time"] == variables["metric_time"] == f"{start:%Y-%m-%dT%H}:00:00Z"
    assert variables["end_time"] == f"{start + HOUR:%Y-%m-%dT%H}:00:00Z"
    assert json.loads(variables["dataset_format"]) == {
        "sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}
    }
    assert variables["publish_cloudwatch_metrics"] == "Enabled"
    inputs = {one["InputName"]: one["S3Input"] for one in job["ProcessingInputs"]}
    assert inputs["endpoint_input_1"]["S3Uri"] == f"s3://lab/capture/watched/AllTraffic/{start:%Y/%m/%d/%H}"
    assert inputs["endpoint_input_1"]["LocalPath"] == f"{INPUT}/watched/AllTraffic/{start:%Y/%m/%d/%H}"
    assert inputs["constraints"]["LocalPath"] == "/opt/ml/processing/baseline/constraints"


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (lambda lines: change(lines, 2, lambda hour: "noon"), ("hour", "data_type_check")),
        (lambda lines: change(lines, 1, lambda amount: ""), ("amount", "completeness_check")),
        (lambda lines: change(lines, 1, lambda amount: "9999.5"), ("amount", "baseline_drift_check")),
        (lambda lines: change(lines, 3, lambda shop: "casino", 3), ("merchant", "categorical_values_check")),
        (lambda lines: [line[:-1] for line in lines], ("Missing columns", "missing_column_check")),
        (lambda lines: [[*line, "1"] for line in lines], ("Extra columns", "extra_column_check")),
    ],
    ids=["type", "completeness", "drift", "values", "missing", "extra"],
)
def test_each_of_the_six_checks_fires_on_a_broken_hour(watch, hourly, broken, found):
    execution = hourly(broken(rows(seed=4)))
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert found in violations(watch, execution)
    job = watch.sm.describe_processing_job(ProcessingJobName=execution["ProcessingJobArn"].rpartition("/")[2])
    assert job["ExitMessage"].startswith("CompletedWithViolations: Job completed successfully with")


def test_clean_hours_stay_clean(watch, hourly):
    statuses = [hourly(rows(seed=seed))["MonitoringExecutionStatus"] for seed in range(20, 26)]
    assert statuses == ["Completed"] * 6


def test_an_hour_without_requests_fails_for_want_of_data(watch, hourly):
    watch.next_hour()
    execution = watch.executions("hourly")[0]
    assert (execution["MonitoringExecutionStatus"], execution["FailureReason"]) == ("Failed", NO_DATA)
    assert "ProcessingJobArn" not in execution
    shown = watch.sm.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    assert shown["LastMonitoringExecutionSummary"]["FailureReason"] == NO_DATA
    assert shown["MonitoringScheduleStatus"] == "Scheduled"


def test_metrics_reach_cloudwatch_unless_the_definition_says_no(watch, baseline):
    watch.define("silent", baseline=baseline, application={"Environment": {"publish_cloudwatch_metrics": "Disabled"}})
    watch.define("spoken", baseline=baseline)
    for name in ("silent", "spoken"):
        watch.schedule(name)
    start = watch.hour()
    watch.capture(start, rows(seed=5))
    watch.next_hour()
    cloudwatch = watch.lab.cloud.client("cloudwatch")
    found = cloudwatch.list_metrics(Namespace="aws/sagemaker/Endpoints/data-metrics", MetricName="feature_data_amount")
    shown = [{d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in found["Metrics"]]
    assert {"Endpoint": "watched", "MonitoringSchedule": "spoken"} in shown
    assert {"Endpoint": "watched", "MonitoringSchedule": "silent"} not in shown
    points = cloudwatch.get_metric_statistics(
        Namespace="aws/sagemaker/Endpoints/data-metrics",
        MetricName="feature_data_amount",
        Dimensions=[{"Name": "Endpoint", "Value": "watched"}, {"Name": "MonitoringSchedule", "Value": "spoken"}],
        StartTime=start - HOUR,
        EndTime=start + HOUR,
        Period=3600,
        Statistics=["SampleCount", "Maximum"],
    )["Datapoints"]
    amounts = [float(line[1]) for line in rows(seed=5) if line[1]]
    assert [(point["SampleCount"], point["Maximum"]) for point in points] == [(len(amounts), max(amounts))]
    for name in ("silent", "spoken"):
        watch.sm.delete_monitoring_schedule(MonitoringScheduleName=name)


def test_now_analyses_the_hours_that_it_is_told_once(watch, baseline):
    start = watch.hour()
    for hours in (3, 2):
        watch.capture(start - hours * HOUR, rows(100, seed=6))
    watch.define("once", baseline=baseline)
    watch.schedule("once", cron="NOW", DataAnalysisStartTime="-PT4H", DataAnalysisEndTime="-PT1H")
    execution = watch.ended("once")
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert watch.report(execution, "statistics.json")["dataset"]["item_count"] >= 200
    watch.advance(hours=3)
    assert len(watch.executions("once")) == 1
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="once")


def test_a_job_within_a_schedule_and_a_baseline_by_its_job(watch):
    config = {
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
        "MonitoringJobDefinition": {
            "BaselineConfig": {"BaseliningJobName": "baseline"},
            "MonitoringInputs": [{"EndpointInput": {"EndpointName": "watched", "LocalPath": INPUT}}],
            "MonitoringOutputConfig": {
                "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://lab/reports", "LocalPath": OUTPUT}}]
            },
            "MonitoringResources": {"ClusterConfig": CLUSTER},
            "MonitoringAppSpecification": {
                "ImageUri": "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
            },
            "RoleArn": watch.lab.role,
        },
    }
    watch.sm.create_monitoring_schedule(MonitoringScheduleName="inline", MonitoringScheduleConfig=config)
    watch.capture(watch.hour(), change(rows(seed=7), 3, lambda shop: "casino"))
    watch.next_hour()
    execution = watch.executions("inline")[0]
    assert ("merchant", "categorical_values_check") in violations(watch, execution)
    assert (execution["MonitoringType"], execution["EndpointName"]) == ("DataQuality", "watched")
    assert "MonitoringJobDefinitionName" not in execution
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="inline")


def test_model_quality_merges_the_labels_that_have_come(watch, hourly):
    """40 of 50 frauds are found, 10 of 450 others flagged; the labels come a day later, in the folders of that day."""
    truth = [1] * 50 + [0] * 450
    scores = [0.9] * 40 + [0.1] * 10 + [0.8] * 10 + [0.2] * 440
    columns = {"probability_attribute": "score", "ground_truth_attribute": "label"}
    watch.sm.stop_monitoring_schedule(MonitoringScheduleName="hourly")  # days go by
    folder = watch.process(
        "quality-baseline",
        list(zip(truth, scores, strict=True)),
        ("label", "score"),
        analysis_type="MODEL_QUALITY",
        problem_type="BinaryClassification",
        **columns,
    )
    watch.define(
        "quality",
        "ModelQuality",
        baseline={"ConstraintsResource": {"S3Uri": f"{folder}/constraints.json"}},
        application={"ProblemType": "BinaryClassification"},
        endpoint={"ProbabilityAttribute": "0", "StartTimeOffset": "-P2D", "EndTimeOffset": "-P1D"},
        given={"GroundTruthS3Input": {"S3Uri": "s3://lab/truth"}},
    )
    start = watch.hour()
    ids = watch.capture(start, [[score, "12.5", "3", "fuel"] for score in scores])
    watch.schedule("quality", kind="ModelQuality", cron=f"cron(0 {(start + HOUR).hour} ? * * *)")
    watch.advance(hours=23)
    watch.labels(watch.hour(), dict(zip(ids, truth, strict=True)))
    later = watch.capture(watch.hour(), [[0.1, "12.5", "3", "fuel"] for _ in range(50)])
    watch.advance(hours=3)
    execution = watch.executions("quality")[0]
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    metrics = watch.report(execution, "statistics.json")["binary_classification_metrics"]
    assert metrics["recall"]["value"] == pytest.approx(40 / 50)
    assert metrics["precision"]["value"] == pytest.approx(40 / 50)
    assert metrics["confusion_matrix"] == {"0": {"0": 440, "1": 10}, "1": {"0": 10, "1": 40}}
    jobs = watch.sm.list_processing_jobs(NameContains="groundtruth-merge-")["ProcessingJobSummaries"]
    merge = watch.sm.describe_processing_job(ProcessingJobName=jobs[0]["ProcessingJobName"])
    assert merge["ExitMessage"].startswith("Completed: Job completed successfully. Merged 500 of")
    early = watch.executions("quality", SortOrder="Ascending")[0]
    assert early["FailureReason"] == NO_DATA  # nothing was captured two days before
    watch.labels(watch.hour(), dict.fromkeys(later, 1))  # fifty more frauds, which nobody found
    watch.advance(hours=24)
    worse = watch.executions("quality")[0]
    assert worse["MonitoringExecutionStatus"] == "CompletedWithViolations", worse
    found = watch.report(worse, "constraint_violations.json")["violations"]
    assert {"recall", "false_negative_rate"} <= {one["metric_name"] for one in found}
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="quality")
    watch.sm.start_monitoring_schedule(MonitoringScheduleName="hourly")


def test_a_role_that_may_not_read_fails_the_execution_with_the_jobs_reason(watch, baseline):
    iam = watch.lab.cloud.client("iam")
    role = iam.create_role(RoleName="Blind", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["s3:PutObject", "logs:*"], "Resource": "*"}
    iam.put_role_policy(RoleName="Blind", PolicyName="p", PolicyDocument=json.dumps({"Statement": [allowed]}))
    watch.define("blind", baseline=baseline, RoleArn=role)
    watch.schedule("blind")
    watch.capture(watch.hour(), rows(50))
    watch.next_hour()
    execution = watch.executions("blind")[0]
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert execution["FailureReason"].startswith("ClientError: Failed to download data.")
    assert "AccessDenied" in execution["FailureReason"]
    job = watch.sm.describe_processing_job(ProcessingJobName=execution["ProcessingJobArn"].rpartition("/")[2])
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == ("Failed", execution["FailureReason"])
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="blind")


OWN = """import os,json
o=os.environ['output_path'];b=os.environ.get('SAGEMAKER_BASE_DIR')
o=o.replace('/opt/ml',b) if b else o
json.dump({'violations':[{'feature_name':'f','constraint_check_type':'mine','description':'d'}]},open(o+'/constraint_violations.json','w'))"""
SAY = """
m=(b or '/opt/ml')+'/output/message'
open(m,'w').write('CompletedWithViolations: one')
print('schedule',os.environ['sagemaker_monitoring_schedule_name'])"""


@pytest.fixture(scope="module")
def own(watch):
    """A schedule with a container of one's own; its program lies in S3 and is given as a preprocessor script."""

    def make(name, program):
        uri = watch.put(f"own/{name}/run.py", program)
        watch.define(
            name,
            image=SCIKIT_LEARN,
            application={
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/preprocessing/run.py"],
                "RecordPreprocessorSourceUri": uri,
            },
        )
        watch.schedule(name)
        watch.capture(watch.hour(), rows(20))

    return make


def test_a_container_of_ones_own_writes_the_report_and_says_how_it_ended(watch, own):
    own("own", OWN + SAY)
    watch.next_hour()
    execution = watch.executions("own")[0]
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert violations(watch, execution) == {("f", "mine")}
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="own")


def test_while_an_execution_runs_its_schedule_stays_and_its_job_can_be_stopped(watch, own):
    own("slow", "import time\ntime.sleep(600)")
    clock = threading.Thread(target=watch.next_hour)
    clock.start()
    deadline = time.monotonic() + 60
    while not (found := watch.executions("slow", StatusEquals="InProgress")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(ClientError, match="has an execution in progress"):
        watch.sm.delete_monitoring_schedule(MonitoringScheduleName="slow")
    watch.sm.stop_monitoring_schedule(MonitoringScheduleName="slow")
    name = found[0]["ProcessingJobArn"].rpartition("/")[2]
    watch.sm.stop_processing_job(ProcessingJobName=name)
    clock.join(60)
    assert not clock.is_alive()
    assert watch.executions("slow")[0]["MonitoringExecutionStatus"] == "Stopped"
    watch.advance(hours=2)
    assert len(watch.executions("slow")) == 1
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="slow")
    assert len(watch.executions("slow")) == 1  # the history stays


def test_the_clock_waits_for_an_execution_that_runs(watch, own):
    """Two moves of the clock at once: the second begins when what the first started has ended."""
    own("brief", "import time\ntime.sleep(2)")
    before = watch.now()
    moves = [threading.Thread(target=watch.advance, kwargs={"minutes": 90}) for _ in range(2)]
    for move in moves:
        move.start()
    for move in moves:
        move.join(60)
    assert watch.now() - before >= timedelta(hours=3)
    first = watch.executions("brief", SortOrder="Ascending")[0]
    assert first["MonitoringExecutionStatus"] == "Completed", first
    job = watch.sm.describe_processing_job(ProcessingJobName=first["ProcessingJobArn"].rpartition("/")[2])
    assert job["ProcessingEndTime"] - job["ProcessingStartTime"] < timedelta(minutes=5)
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="brief")


def test_a_definition_or_an_endpoint_that_is_gone_fails_the_execution(watch, baseline):
    watch.define("orphan", baseline=baseline)
    watch.schedule("orphan")
    watch.capture(watch.hour(), rows(50))
    watch.sm.delete_data_quality_job_definition(JobDefinitionName="orphan")
    watch.next_hour()
    execution = watch.executions("orphan")[0]
    assert execution["FailureReason"] == "Could not find monitoring job definition orphan."
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="orphan")


def test_executions_are_found_by_what_they_are(watch, hourly):
    hourly(rows(seed=8))
    found = watch.executions("hourly")
    times = [one["ScheduledTime"] for one in found]
    assert times == sorted(times, reverse=True)
    assert {time.astimezone(UTC).minute for time in times} == {0}
    middle = times[len(times) // 2]
    assert [one["ScheduledTime"] for one in watch.executions("hourly", ScheduledTimeAfter=middle)] == [
        time for time in times if time > middle
    ]
    assert [one["ScheduledTime"] for one in watch.executions("hourly", ScheduledTimeBefore=middle)] == [
        time for time in times if time < middle
    ]
    assert all(
        one["MonitoringExecutionStatus"] == "Failed" for one in watch.executions("hourly", StatusEquals="Failed")
    )
    listed = watch.sm.list_monitoring_executions(EndpointName="nobody")["MonitoringExecutionSummaries"]
    assert listed == []
    pages = watch.sm.get_paginator("list_monitoring_executions").paginate(
        MonitoringJobDefinitionName="hourly", MonitoringTypeEquals="DataQuality", PaginationConfig={"PageSize": 3}
    )
    assert sum(len(page["MonitoringExecutionSummaries"]) for page in pages) == len(found)
