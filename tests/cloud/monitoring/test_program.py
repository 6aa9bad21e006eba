"""course/cloud/monitoring/program.py: the images' entries, run as a job's own process runs them, and in a warm one."""

import json
import os
import subprocess
import sys
import time

import pytest

from course.cloud.containers.layout import Layout
from course.cloud.images import GROUND_TRUTH_MERGER, MONITOR_ANALYZER, resolve
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.program import Job, analyse, join
from course.data import FEATURES, stream, transactions
from course.data.incidents import CENTS
from tests.cloud.monitoring.records import FOLDER, captured, label, read, write, write_csv

BASELINE = {
    "dataset_format": '{"csv": {"header": true, "output_columns_position": "START"}}',
    "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
    "output_path": "/opt/ml/processing/output",
    "publish_cloudwatch_metrics": "Disabled",
}
WINDOW = {
    "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
    "dataset_source": "/opt/ml/processing/input_data",
    "output_path": "/opt/ml/processing/output",
    "publish_cloudwatch_metrics": "Enabled",
    "sagemaker_endpoint_name": "txguard",
    "sagemaker_monitoring_schedule_name": "txguard-hourly",
    "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
    "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
    "start_time": "2026-11-20T09:00:00Z",
    "end_time": "2026-11-20T10:00:00Z",
}
DIMENSIONS = [{"Name": "Endpoint", "Value": "txguard"}, {"Name": "MonitoringSchedule", "Value": "txguard-hourly"}]


def job(base, **environment):
    return Job(Layout(base), environment)


def run(base, image, **environment):
    """Run the image's program as a process: (exit code, message, what it printed)."""
    module, _, function = resolve(image).programs.process.partition(":")
    done = subprocess.run(
        [sys.executable, "-c", f"import {module} as program; program.{function}()"],
        env={**os.environ, **environment, "SAGEMAKER_BASE_DIR": str(base)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, (base / "output" / "message").read_text(), done.stdout + done.stderr


def output(base, name):
    return json.loads((base / "processing" / "output" / name).read_text())


def take_as_baseline(base, source):
    """Put what a baseline job wrote where a window's job finds it."""
    for folder, name in (("constraints", "constraints.json"), ("stats", "statistics.json")):
        target = base / "processing" / "baseline" / folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(output(source, name)))
    return base


def traffic(base, rows, *, per_record=1):
    """Capture of an hour: rows of FEATURES, each with a score."""
    lines = rows[list(FEATURES)].to_csv(index=False, header=False).splitlines()
    scores = [f"{0.02 + n % 9 / 1000:.3f}" for n in range(len(lines))]
    records = [
        captured("\n".join(lines[n : n + per_record]), "\n".join(scores[n : n + per_record]), event=f"e-{n}")
        for n in range(0, len(lines), per_record)
    ]
    write(base / "processing" / "input_data" / FOLDER / "09-00.jsonl", records)


@pytest.fixture(scope="module")
def baselined(tmp_path_factory):
    """A data-quality baseline of 20,000 rows with their scores, its completeness loosened."""
    base = tmp_path_factory.mktemp("baseline")
    frame = transactions(2026, 20_000)[list(FEATURES)]
    frame.insert(0, "score", [f"{0.02 + n % 9 / 1000:.3f}" for n in range(len(frame))])
    write_csv(base / "processing/input/baseline_dataset_input/train.csv", frame)
    assert analyse(job(base, **BASELINE)) == "Completed: Job completed successfully with no violations."
    limits = output(base, "constraints.json")
    for feature in limits["features"]:
        feature["completeness"] *= 0.9
    (base / "processing/output/constraints.json").write_text(json.dumps(limits))
    return base


def test_a_baseline_job(tmp_path):
    write_csv(tmp_path / "processing/input/baseline_dataset_input/train.csv", transactions(1, 500)[list(FEATURES)])
    code, message, printed = run(tmp_path, MONITOR_ANALYZER, **BASELINE, categorical_drift_method="ChiSquared")
    assert (code, message) == (0, "Completed: Job completed successfully with no violations."), printed
    assert output(tmp_path, "statistics.json")["dataset"] == {"item_count": 500}
    limits = output(tmp_path, "constraints.json")
    assert [feature["name"] for feature in limits["features"]] == list(FEATURES)
    assert limits["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] == "ChiSquared"
    assert not (tmp_path / "processing/output/constraint_violations.json").exists()
    assert not (tmp_path / "output/metrics").exists()


def test_a_window_with_violations(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 400, [CENTS]).window(0, 1).seen)
    code, message, printed = run(tmp_path, MONITOR_ANALYZER, **WINDOW)
    assert (code, message) == (0, "CompletedWithViolations: Job completed successfully with 1 violations."), printed
    (found,) = output(tmp_path, "constraint_violations.json")["violations"]
    assert (found["feature_name"], found["constraint_check_type"]) == ("amount", "baseline_drift_check")
    assert output(tmp_path, "statistics.json")["dataset"] == {"item_count": 400}
    lines = {line["MetricName"]: line for line in read(tmp_path / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl")}
    assert lines["feature_baseline_drift_amount"]["Value"] > 0.8
    assert lines["feature_data_amount"]["StatisticValues"]["SampleCount"] == 400
    assert all((line["Dimensions"], line["Timestamp"]) == (DIMENSIONS, WINDOW["end_time"]) for line in lines.values())
    assert len([name for name in lines if name.startswith("feature_non_null_")]) == 9


def test_a_clean_window_in_requests_of_many_rows(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 400).window(0, 1).seen, per_record=100)
    assert analyse(job(tmp_path, **WINDOW)) == "Completed: Job completed successfully with no violations."
    assert output(tmp_path, "constraint_violations.json") == {"violations": []}


def test_metrics_carry_the_schedules_own_time(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 200).window(0, 1).seen)
    analyse(job(tmp_path, **WINDOW, metric_time="2026-11-20T09:00:00Z"))
    times = {line["Timestamp"] for line in read(tmp_path / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl")}
    assert times == {"2026-11-20T09:00:00Z"}


def test_rows_that_are_too_short_lack_the_last_columns(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    records = [captured(f"{n}.5,3", "0.02") for n in range(50)]
    write(tmp_path / "processing/input_data" / FOLDER / "09-00.jsonl", records)
    analyse(job(tmp_path, **WINDOW))
    found = {v["feature_name"]: v["description"] for v in output(tmp_path, "constraint_violations.json")["violations"]}
    assert "Number of columns in current dataset: 3, Number of columns in baseline" in found["Missing columns"]


def test_scripts_run_before_and_after(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 400).window(0, 1).seen)
    code = tmp_path / "processing" / "code"
    code.mkdir()
    (code / "before.py").write_text(
        "import csv\n"
        "def preprocess_handler(record):\n"
        "    row = next(csv.reader([record.endpoint_input.data]))\n"
        "    row[0] = str(float(row[0]) * 100)\n"
        "    return {str(n).zfill(4): v for n, v in enumerate([record.endpoint_output.data, *row])}\n"
    )
    (code / "after.py").write_text("def postprocess_handler():\n    print('Hello from post-proc script!')\n")
    scripts = {
        "record_preprocessor_script": "/opt/ml/processing/code/before.py",
        "post_analytics_processor_script": "/opt/ml/processing/code/after.py",
    }
    status, message, printed = run(tmp_path, MONITOR_ANALYZER, **WINDOW, **scripts)
    assert (status, message) == (0, "CompletedWithViolations: Job completed successfully with 1 violations."), printed
    assert "Hello from post-proc script!" in printed
    assert output(tmp_path, "constraint_violations.json")["violations"][0]["feature_name"] == "amount"


def test_a_script_that_fails_fails_the_job(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 20).window(0, 1).seen)
    script = tmp_path / "processing" / "before.py"
    script.write_text("def preprocess_handler(record):\n    return record.endpoint_input.data['amount']\n")
    path = {"record_preprocessor_script": "/opt/ml/processing/before.py"}
    code, message, printed = run(tmp_path, MONITOR_ANALYZER, **WINDOW, **path)
    assert code == 255 and message.startswith("Error: TypeError: string indices")
    assert "before.py" in printed


def test_an_error_is_the_exit_message(tmp_path, baselined):
    take_as_baseline(tmp_path, baselined)
    records = [captured({"encoding": "JSON", "data": "{}"}, {"encoding": "CSV", "data": "1"})]
    write(tmp_path / "processing/input_data" / FOLDER / "09-00.jsonl", records)
    code, message, _ = run(tmp_path, MONITOR_ANALYZER, **WINDOW)
    assert code == 255
    assert message.startswith("Error: Encoding mismatch: Encoding is JSON for endpointInput")
    assert (tmp_path / "output" / "failure").read_text() == message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset_source": ""}, "dataset_source is not set"),
        ({"dataset_format": '{"parquet": {}}'}, "not supported"),
        ({"baseline_constraints": "/opt/ml/processing/nowhere.json"}, "baseline_constraints could not be read"),
        ({"publish_cloudwatch_metrics": "true"}, "Enabled or Disabled"),
        ({"start_time": "yesterday"}, "ISO 8601"),
        ({"start_time": "2026-11-21T09:00:00Z", "end_time": "2026-11-21T10:00:00Z"}, "no rows in the window"),
        ({"analysis_type": "MODEL_BIAS"}, "analysis_type"),
        ({"image_data": "{}"}, "image_data is not supported"),
        ({"analysis_type": "MODEL_QUALITY", "problem_type": "Ranking"}, "problem_type"),
        (
            {"analysis_type": "MODEL_QUALITY", "record_preprocessor_script": "/opt/ml/x.py"},
            "record_preprocessor_script",
        ),
    ],
)
def test_what_the_environment_cannot_mean_is_refused(tmp_path, baselined, change, words):
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 20).window(0, 1).seen)
    with pytest.raises(MonitoringError, match=words):
        analyse(job(tmp_path, **(WINDOW | change)))


QUALITY = {
    "analysis_type": "MODEL_QUALITY",
    "problem_type": "BinaryClassification",
    "output_path": "/opt/ml/processing/output",
    "probability_threshold_attribute": "0.5",
}


def test_labels_are_merged_and_measured(tmp_path):
    """The two jobs of a model-quality execution, and its baseline, with values by hand."""
    base, merged = tmp_path / "merge", tmp_path / "evaluate"
    scores = [0.9, 0.8, 0.7, 0.2, 0.1, 0.6]
    records = [captured("1,2", str(score), event=f"e-{n}", inferenceId=f"t-{n}") for n, score in enumerate(scores)]
    write(base / "processing/input_data" / FOLDER / "09-00.jsonl", records)
    labels = [label(f"t-{n}", str(truth)) for n, truth in enumerate((1, 1, 0, 1, 0))]
    write(base / "processing/groundtruth/2026/11/27/08/labels.jsonl", labels)
    environment = {
        "dataset_source": "/opt/ml/processing/input_data",
        "ground_truth_source": "/opt/ml/processing/groundtruth",
        "output_path": "/opt/ml/processing/output",
    }
    code, message, printed = run(base, GROUND_TRUTH_MERGER, **environment)
    said = "Completed: Job completed successfully. Merged 5 of 6 captured records (83.3%) with 5 labels."
    assert (code, message) == (0, said), printed
    merged.mkdir()
    (merged / "processing").mkdir()
    (base / "processing/output").rename(merged / "processing/input_data")
    limits = {"recall": {"threshold": 0.7, "comparison_operator": "LessThanThreshold"}}
    constraints = merged / "processing/baseline/constraints.json"
    constraints.parent.mkdir()
    constraints.write_text(json.dumps({"version": 0.0, "binary_classification_constraints": limits}))
    code, message, printed = run(
        merged,
        MONITOR_ANALYZER,
        **QUALITY,
        dataset_format='{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}',
        dataset_source="/opt/ml/processing/input_data",
        probability_attribute="0",
        baseline_constraints="/opt/ml/processing/baseline/constraints.json",
        publish_cloudwatch_metrics="Enabled",
        sagemaker_endpoint_name="txguard",
        sagemaker_monitoring_schedule_name="txguard-hourly",
        start_time="2026-11-20T09:00:00Z",
        end_time="2026-11-20T10:00:00Z",
        metric_time="2026-11-20T09:00:00Z",
    )
    assert (code, message) == (0, "CompletedWithViolations: Job completed successfully with 1 violations."), printed
    content = output(merged, "statistics.json")
    assert content["dataset"] == {
        "item_count": 5,
        "evaluation_time": "2026-11-20T09:00:00Z",
        "start_time": "2026-11-20T09:00:00Z",
        "end_time": "2026-11-20T10:00:00Z",
    }
    got = content["binary_classification_metrics"]
    assert got["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 1, "1": 2}}
    assert got["recall"] == {"value": 2 / 3, "standard_deviation": "NaN"}
    assert got["auc"]["value"] == pytest.approx(5 / 6)
    (found,) = output(merged, "constraint_violations.json")["violations"]
    assert found["metric_name"] == "recall"
    lines = {line["MetricName"]: line for line in read(merged / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl")}
    assert lines["auc"]["Value"] == pytest.approx(5 / 6) and lines["auc"]["Dimensions"] == DIMENSIONS
    assert lines["auc"]["Timestamp"] == "2026-11-20T09:00:00Z"


def test_a_model_quality_baseline(tmp_path):
    source = tmp_path / "processing/input/baseline.csv"
    source.parent.mkdir(parents=True)
    source.write_text("probability,prediction,label\n0.9,1,1\n0.8,1,0\n0.2,0,0\n0.1,0,1\n")
    message = analyse(
        job(
            tmp_path,
            **QUALITY,
            dataset_format='{"csv": {"header": true, "output_columns_position": "START"}}',
            dataset_source="/opt/ml/processing/input",
            probability_attribute="probability",
            inference_attribute="prediction",
            ground_truth_attribute="label",
        )
    )
    assert message == "Completed: Job completed successfully with no violations."
    limits = output(tmp_path, "constraints.json")["binary_classification_constraints"]
    assert limits["recall"] == {"threshold": 0.5, "comparison_operator": "LessThanThreshold"}
    assert limits["false_positive_rate"]["comparison_operator"] == "GreaterThanThreshold"


def test_an_empty_merge_fails_and_says_why(tmp_path):
    write(tmp_path / "processing/input_data" / FOLDER / "09-00.jsonl", [captured("1", "0.5")])
    write(tmp_path / "processing/groundtruth/labels.jsonl", [label("other", "1")])
    source = {"dataset_source": "/opt/ml/processing/input_data", "output_path": "/opt/ml/processing/output"}
    with pytest.raises(MonitoringError, match="late"):
        join(job(tmp_path, **source, ground_truth_source="/opt/ml/processing/groundtruth"))


def test_a_week_of_hourly_windows_in_one_warm_process_is_cheap(tmp_path, baselined):
    """168 executions of 200 rows: files read, judged and written. CPU, so that a busy machine is no failure."""
    take_as_baseline(tmp_path, baselined)
    traffic(tmp_path, stream(5, 1, 200).window(0, 1).seen)
    hour = job(tmp_path, **WINDOW)
    first = analyse(hour)
    reports = output(tmp_path, "statistics.json")
    began = time.process_time()
    for _ in range(168):
        assert analyse(hour) == first
    assert time.process_time() - began < 10
    assert output(tmp_path, "statistics.json") == reports


def test_twenty_thousand_rows_are_described_at_once(tmp_path, baselined):
    hour = job(baselined, **(BASELINE | {"output_path": str(tmp_path)}))
    began = time.process_time()
    analyse(hour)
    assert time.process_time() - began < 1
