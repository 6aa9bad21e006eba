"""course/cloud/containers/processing.py"""

import json

import pytest

from course.cloud.containers.layout import Layout
from course.cloud.containers.processing import command, main


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Write the job's configuration below a base that is not /opt/ml."""
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    (tmp_path / "config").mkdir()

    def configure(*entrypoint, arguments=None):
        application = {"ContainerEntrypoint": list(entrypoint), "ContainerArguments": arguments}
        (tmp_path / "config" / "processingjobconfig.json").write_text(json.dumps({"AppSpecification": application}))
        return Layout.here()

    return configure


def test_the_command_is_entrypoint_and_arguments_with_paths_that_lead_to_the_base(container, tmp_path):
    layout = container("bash", "/opt/ml/processing/run.sh", arguments=["--in=/opt/ml/processing/in", "/opt/mlx"])
    assert command(layout) == [
        "bash",
        f"{tmp_path}/processing/run.sh",
        f"--in={tmp_path}/processing/in",
        "/opt/mlx",
    ]


@pytest.mark.parametrize(("name", "code"), [("no-such-command", 127), ("/", 126)])
def test_a_command_that_cannot_run_ends_as_a_shell_would_say(container, capfd, name, code):
    container(name)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert f"exec {name}: " in capfd.readouterr().err
