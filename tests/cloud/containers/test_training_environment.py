"""course/cloud/containers/training_environment.py"""

import json

import pytest

from course.cloud.containers.layout import prepare_training
from course.cloud.containers.training_environment import TrainingEnvironment, arguments, decode, text


@pytest.mark.parametrize(
    ("on_disk", "seen"),
    [
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("12", 12),
        ("true", True),
        ("null", None),
        ('"quoted"', "quoted"),
        ("plain", "plain"),
        ("True", "True"),
        ("", ""),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ("s3://bucket/key", "s3://bucket/key"),
        ("größe", "größe"),
        (3, 3),
    ],
)
def test_a_hyperparameter_is_decoded_as_json_where_it_is_json(on_disk, seen):
    assert decode(on_disk) == seen


@pytest.mark.parametrize(
    ("value", "variable"),
    [
        ("a b", "a b"),
        (None, ""),
        (0.5, "0.5"),
        (True, "true"),
        (["b", "a"], '["b","a"]'),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ],
)
def test_variables_hold_strings_as_they_are_and_the_rest_as_compact_json(value, variable):
    assert text(value) == variable


def test_arguments_are_sorted_by_name():
    given = {"n": 1, "max-depth": 3, "flag": True, "none": None, "grid": {"b": 2, "a": 1}, "alpha": 0.001}
    assert arguments(given) == [
        *("--alpha", "0.001"),
        *("--flag", "True"),
        *("--grid", "a=1,b=2"),
        *("--max-depth", "3"),
        *("-n", "1"),
        *("--none", ""),
    ]


def test_all_variables(tmp_path, monkeypatch):
    for name in ("SAGEMAKER_PROGRAM", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRAINING_JOB_NAME", "job-1")
    hyperparameters = {
        "alpha": "0.5",
        "max-depth": "3",
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"s3://bucket/source.tar.gz"',
        "sagemaker_region": '"us-east-1"',
        "sagemaker_job_name": '"job-1"',
        "sagemaker_container_log_level": "10",
        "sagemaker_custom": "1",
        "_tuning_objective_metric": "auc",
    }
    layout = prepare_training(tmp_path, hyperparameters, {"train": {}, "test": {}}, instance_type="ml.m5.xlarge")
    variables = TrainingEnvironment.read(layout).variables()
    described = json.loads(variables.pop("SM_TRAINING_ENV"))
    assert int(variables.pop("SM_NUM_CPUS")) == described["num_cpus"] > 0
    found = {name: value.replace(str(tmp_path), "/opt/ml") for name, value in variables.items()}
    channel = '{"RecordWrapperType":"None","S3DistributionType":"FullyReplicated","TrainingInputMode":"File"}'
    group = '{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.m5.xlarge"}'
    assert found == {
        "CURRENT_HOST": "algo-1",
        "SAGEMAKER_JOB_NAME": "job-1",
        "SAGEMAKER_REGION": "us-east-1",
        "SM_CHANNELS": '["test","train"]',
        "SM_CHANNEL_TEST": "/opt/ml/input/data/test",
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1"]',
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_DISTRIBUTION_INSTANCE_GROUPS": "[]",
        "SM_FRAMEWORK_MODULE": "sagemaker_sklearn_container.training:main",
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_custom":1}',
        "SM_HOSTS": '["algo-1"]',
        "SM_HPS": '{"alpha":0.5,"max-depth":3}',
        "SM_HP_ALPHA": "0.5",
        "SM_HP_MAX-DEPTH": "3",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_INPUT_DATA_CONFIG": f'{{"test":{channel},"train":{channel}}}',
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_INSTANCE_GROUPS_DICT": f'{{"homogeneousCluster":{group}}}',
        "SM_IS_HETERO": "false",
        "SM_LOG_LEVEL": "10",
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_MODULE_DIR": "s3://bucket/source.tar.gz",
        "SM_MODULE_NAME": "train",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
        "SM_RESOURCE_CONFIG": '{"current_group_name":"homogeneousCluster","current_host":"algo-1",'
        f'"current_instance_type":"ml.m5.xlarge","hosts":["algo-1"],"instance_groups":[{group}],'
        '"network_interface_name":"eth0"}',
        "SM_USER_ARGS": '["--alpha","0.5","--max-depth","3"]',
        "SM_USER_ENTRY_POINT": "train.py",
    }
    assert described["hyperparameters"] == {"alpha": 0.5, "max-depth": 3}
    assert described["channel_input_dirs"]["train"].endswith("/input/data/train")
    assert described["job_name"] == "job-1"
    assert described["is_master"] is True
    assert described["master_hostname"] == "algo-1"


def test_the_environment_names_the_program_before_the_hyperparameters(tmp_path, monkeypatch):
    monkeypatch.setenv("SAGEMAKER_PROGRAM", "other.py")
    layout = prepare_training(tmp_path, {"sagemaker_program": "train.py"}, {})
    assert TrainingEnvironment.read(layout).program == "other.py"
