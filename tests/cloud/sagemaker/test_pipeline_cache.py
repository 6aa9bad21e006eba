"""What is not run again: cached steps, and the steps that a selective execution leaves to an earlier one."""

import pytest
from botocore.exceptions import ClientError

from .conftest import TRAIN
from .flows import condition, equals, fail, get, join, parameter

CACHE = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P30D"}}
STRENGTH = [parameter("Strength", "String", "1.0")]


def job(steps, name="Train"):
    return steps[name]["Metadata"]["TrainingJob"]["Arn"]


def source(steps, name="Train"):
    return steps[name].get("CacheHitResult", {}).get("SourcePipelineExecutionArn")


def cached_training(flows, name, **more):
    train = flows.train("Train", TRAIN, hyper={"strength": get("Parameters.Strength")}, **{**CACHE, **more})
    keep = flows.model("Keep", get("Steps.Train.ModelArtifacts.S3ModelArtifacts"))
    flows.create(name, train, keep, parameters=STRENGTH)


def test_the_same_arguments_are_answered_from_the_cache(flows):
    cached_training(flows, "cached")
    first, steps = flows.run("cached")
    assert source(steps) is None
    trained = job(steps)
    _, steps = flows.run("cached")
    assert source(steps) == first["PipelineExecutionArn"]
    assert (job(steps), steps["Train"]["StepStatus"]) == (trained, "Succeeded")
    model = steps["Keep"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[-1]
    data = flows.sm.describe_model(ModelName=model)["PrimaryContainer"]["ModelDataUrl"]
    assert trained.rsplit("/", 1)[-1] in data  # the outputs of the cached step are used
    _, steps = flows.run("cached", {"Strength": "0.1"})
    assert source(steps) is None
    assert job(steps) != trained
    _, steps = flows.run("cached")  # a hit names the execution that ran, not the one that was answered
    assert source(steps) == first["PipelineExecutionArn"]


def test_changed_data_behind_an_unchanged_uri_is_a_hit(flows):
    flows.lab.s3.put_object(Bucket="lab", Key="blind/train.csv", Body=b"0,1\n1,2\n")
    flows.create("blind", flows.train("Train", data="s3://lab/blind/", **CACHE))
    first, _ = flows.run("blind")
    flows.lab.s3.put_object(Bucket="lab", Key="blind/train.csv", Body=b"1,1\n0,2\n")
    assert source(flows.run("blind")[1]) == first["PipelineExecutionArn"]


def test_an_old_run_and_a_failed_one_are_not_reused(flows):
    flows.create("expires", flows.train("Train", CacheConfig={"Enabled": True, "ExpireAfter": "PT1H"}))
    flows.run("expires")
    assert source(flows.run("expires")[1])
    flows.lab.cloud.control("advance", seconds=3601)
    assert source(flows.run("expires")[1]) is None
    flows.create("fails", flows.train("Train", "raise SystemExit(1)", **CACHE))
    flows.run("fails")
    assert source(flows.run("fails")[1]) is None


def test_the_cache_belongs_to_one_pipeline_and_is_off_by_default(flows):
    flows.create("mine", flows.train("Train", **CACHE))
    flows.create("other", flows.train("Train", **CACHE))
    flows.create("off", flows.train("Train"))
    flows.run("mine")
    assert source(flows.run("other")[1]) is None
    flows.run("off")
    assert source(flows.run("off")[1]) is None


def test_where_the_output_goes_does_not_matter_but_where_the_input_comes_from_does(flows):
    prepare = flows.process(
        "Prepare",
        "prepare",
        {"data": get("Parameters.Data")},
        {"train": join("/", "s3://lab/keyed", get("Execution.PipelineExecutionId"))},
        **CACHE,
    )
    train = flows.train(
        "Train", data=get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"), **CACHE
    )
    flows.create("keyed", train, prepare, parameters=[parameter("Data", "String", "s3://lab/data/")])
    first, _ = flows.run("keyed")
    _, steps = flows.run("keyed")
    assert {source(steps, name) for name in ("Prepare", "Train")} == {first["PipelineExecutionArn"]}
    flows.lab.s3.copy_object(Bucket="lab", Key="data2/train.csv", CopySource="lab/data/train.csv")
    _, steps = flows.run("keyed", {"Data": "s3://lab/data2/"})
    assert {source(steps, name) for name in ("Prepare", "Train")} == {None}


def select(*names, source=None):
    wanted = {"SelectedSteps": [{"StepName": name} for name in names]}
    return {"SelectiveExecutionConfig": wanted | ({"SourcePipelineExecutionArn": source} if source else {})}


@pytest.fixture(scope="module")
def chain(flows):
    """First → Second → Third, run once with Strength 0.5."""
    first = flows.train("First", TRAIN, hyper={"strength": get("Parameters.Strength")})
    second = flows.model("Second", get("Steps.First.ModelArtifacts.S3ModelArtifacts"))
    third = condition(
        "Third", equals(get("Steps.Second.ModelName"), "x"), no=[fail("Last", get("Parameters.Strength"))]
    )
    flows.create("chain", first, second, third, parameters=STRENGTH)
    return flows.run("chain", {"Strength": "0.5"})


def test_selected_steps_use_the_outputs_of_an_earlier_execution(flows, chain):
    before, steps = chain
    execution, again = flows.run("chain", **select("Second", source=before["PipelineExecutionArn"]))
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert set(again) == {"First", "Second"}
    assert again["First"]["SelectiveExecutionResult"]["SourcePipelineExecutionArn"] == before["PipelineExecutionArn"]
    assert again["First"]["Metadata"] == steps["First"]["Metadata"]
    assert again["Second"]["Metadata"] != steps["Second"]["Metadata"]
    values = flows.sm.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    assert values["PipelineParameters"] == [{"Name": "Strength", "Value": "0.5"}]  # the source's


def test_a_branch_is_selected_with_its_condition_left_to_the_source(flows, chain):
    before, _ = chain
    execution, steps = flows.run("chain", {"Strength": "7"}, **select("Last", source=before["PipelineExecutionArn"]))
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert steps["Last"]["FailureReason"] == "7"
    assert set(steps) == {"Third", "Last"}


@pytest.mark.parametrize(
    ("names", "sourced", "message"),
    [
        (["Second"], False, r"Invalid SourcePipelineExecutionArn: null. The selected steps \[Second\] have dep"),
        (["First", "Third"], True, "'Second' lies between 'First' and 'Third'"),
        (["Fourth"], True, "the pipeline has no step 'Fourth'"),
    ],
)
def test_a_selection_that_can_not_run_is_refused(flows, chain, names, sourced, message):
    arn = chain[0]["PipelineExecutionArn"] if sourced else None
    with pytest.raises(ClientError, match=message):
        flows.start("chain", **select(*names, source=arn))


def test_the_source_is_an_ended_execution_of_the_same_pipeline(flows, chain):
    flows.create("elsewhere", fail())
    other, _ = flows.run("elsewhere")
    with pytest.raises(ClientError, match="is not an execution of"):
        flows.start("chain", **select("Second", source=other["PipelineExecutionArn"]))
    with pytest.raises(ClientError, match="does not exist"):
        flows.start("chain", **select("Second", source=other["PipelineExecutionArn"] + "x"))


def test_the_first_steps_need_no_source(flows, chain):
    execution, steps = flows.run("chain", **select("First", "Second"))
    assert (execution["PipelineExecutionStatus"], set(steps)) == ("Succeeded", {"First", "Second"})
