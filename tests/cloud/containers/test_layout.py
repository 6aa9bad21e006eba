"""course/cloud/containers/layout.py"""

import json
from pathlib import Path

from course.cloud.containers.layout import Layout, prepare_processing, prepare_serving, prepare_training


def test_the_base_is_opt_ml_unless_the_variable_names_another(monkeypatch):
    monkeypatch.delenv("SAGEMAKER_BASE_DIR", raising=False)
    assert Layout.here().model == Path("/opt/ml/model")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", "/elsewhere")
    assert Layout.here().channel("train") == Path("/elsewhere/input/data/train")


def test_training_finds_its_folders_and_configuration(tmp_path):
    prepare_training(
        tmp_path,
        {"alpha": "0.5", "sagemaker_program": "train.py"},
        {"train": {"ContentType": "text/csv"}, "test": {"S3DistributionType": "ShardedByS3Key"}},
        hosts=["algo-2", "algo-1"],
        current_host="algo-2",
        instance_type="ml.m5.xlarge",
    )
    layout = Layout(tmp_path)
    for folder in (layout.code, layout.model, layout.output_data, layout.checkpoints, layout.channel("test")):
        assert folder.is_dir(), folder
    read = {path.name: json.loads(path.read_text()) for path in layout.input_config.iterdir()}
    assert read == {
        "hyperparameters.json": {"alpha": "0.5", "sagemaker_program": "train.py"},
        "inputdataconfig.json": {
            "train": {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
                "ContentType": "text/csv",
            },
            "test": {
                "TrainingInputMode": "File",
                "S3DistributionType": "ShardedByS3Key",
                "RecordWrapperType": "None",
            },
        },
        "resourceconfig.json": {
            "current_host": "algo-2",
            "current_instance_type": "ml.m5.xlarge",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1", "algo-2"],
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": "ml.m5.xlarge",
                    "hosts": ["algo-1", "algo-2"],
                }
            ],
            "network_interface_name": "eth0",
        },
    }
    assert layout.config("hyperparameters")["alpha"] == "0.5"


def test_preparing_keeps_what_is_there(tmp_path):
    model = tmp_path / "model" / "model.joblib"
    model.parent.mkdir()
    model.write_text("x")
    layout = prepare_serving(tmp_path)
    assert model.read_text() == "x"
    assert layout.code.is_dir()


def test_a_processing_container_finds_its_job_and_its_folders(tmp_path):
    places = (
        [{"S3Input": {"LocalPath": "/opt/ml/processing/in"}}],
        [{"S3Output": {"LocalPath": "/opt/ml/processing/o/x"}}],
    )
    job = {"ProcessingInputs": places[0], "ProcessingOutputConfig": {"Outputs": places[1]}}
    layout = prepare_processing(tmp_path, job, ["algo-1", "algo-2"], "algo-2")
    assert layout.processing_job() == job
    resources = json.loads((tmp_path / "config" / "resourceconfig.json").read_text())
    assert resources == {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}
    assert all((tmp_path / "processing" / name).is_dir() for name in ("in", "o/x"))
    assert layout.message.parent.is_dir()


def test_checkpoints_have_a_file_of_their_own_if_there_are_any(tmp_path):
    prepare_training(tmp_path / "without", {}, {})
    assert not (tmp_path / "without" / "input" / "config" / "checkpointconfig.json").exists()
    config = {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/checkpoints"}
    assert prepare_training(tmp_path / "with", {}, {}, checkpoints=config).config("checkpointconfig") == config


def test_a_channel_in_pipe_mode_has_no_folder(tmp_path):
    layout = prepare_training(tmp_path, {}, {"train": {"TrainingInputMode": "Pipe"}, "test": {}})
    assert not layout.channel("train").exists()
    assert layout.channel("test").is_dir()
