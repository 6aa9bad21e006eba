"""Pipelines through real boto3: what a definition may say, and the words with which a wrong one is refused."""

import copy
import json

import pytest
from botocore.exceptions import ClientError

from .flows import compare, condition, definition, equals, fail, get, join, parameter, step


def refused(flows, *steps, parameters=()):
    """The message with which a definition of these steps is refused."""
    return refused_text(flows, definition(*steps, parameters=parameters))


def refused_text(flows, text):
    with pytest.raises(ClientError) as failure:
        flows.sm.create_pipeline(PipelineName="refused", PipelineDefinition=text, RoleArn=flows.role)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    assert not flows.sm.list_pipelines(PipelineNamePrefix="refused")["PipelineSummaries"]
    return failure.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: []", "Unable to parse pipeline definition. The definition is not JSON"),
        ("[]", "Expecting start of Json Object"),
        ('{"Version": "2020-12-01", "Steps": ' + "[" * 5000 + "]" * 5000 + "}", "nested too deeply"),
        ('{"Version": "2021-01-01", "Steps": []}', "Version must be '2020-12-01'; got '2021-01-01'"),
        ('{"Version": "2020-12-01", "Steps": [], "Stages": []}', "unknown property 'Stages'"),
        ('{"Version": "2020-12-01"}', "needs Steps"),
        ('{"Version": "2020-12-01", "Steps": []}', "between 1 and 200 steps; got 0"),
        ('{"Version": "2020-12-01", "Steps": {}}', "between 1 and 200 steps; got 0"),
        ('{"Version": "2020-12-01", "Steps": "all"}', "Expecting start of Json Array in Steps"),
        ('{"Version": "2020-12-01", "Steps": [1]}', "Expecting start of Json Object in Steps"),
    ],
)
def test_a_text_that_is_no_definition_is_refused(flows, text, message):
    assert message in refused_text(flows, text)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([step("Spark", "EMR")], "Step 'Spark' has the type 'EMR', which this cloud does not run. It runs Processing"),
        ([step("Auto", "AutoML")], "has the type 'AutoML'"),
        ([step("Serve", "Endpoint")], "has the type 'Endpoint'"),
        ([fail("A"), fail("A")], "The step name 'A' is used twice"),
        ([fail("not good")], "name of a step must match"),
        ([fail("x" * 65)], "name of a step must match"),
        ([fail("A", Colour="red")], "unknown property 'Colour' of step 'A' (Fail)"),
        ([fail("A", CacheConfig={"Enabled": True})], "unknown property 'CacheConfig' of step 'A' (Fail)"),
        ([fail("A", DependsOn=["B"])], "Step 'A' depends on 'B', which the pipeline does not have"),
        (
            [condition("A", equals(1, 1), DependsOn=["B"]), condition("B", equals(get("Steps.A.Outcome"), "true"))],
            "The steps wait for each other in a cycle: A -> B -> A.",
        ),
        ([condition("A", equals(get("Steps.A.Outcome"), "true"))], "in a cycle: A -> A"),
        (
            [condition("A", equals(1, 1), yes=[fail("In")]), condition("B", equals(1, 1), DependsOn=["In"])],
            "B can not depends on In",
        ),
        (
            [
                condition(
                    "A",
                    equals(1, 1),
                    yes=[step("Ask", "Callback", SqsQueueUrl="q")],
                    no=[fail("No", DependsOn=["Ask"])],
                )
            ],
            "Step 'No' can not depend on 'Ask': they are in different branches of 'A'",
        ),
        ([condition("A", equals(1, 1), yes=[condition("B", equals(1, 1))])], "Condition steps can not be nested"),
        ([fail("A", get("Parameters.Days"))], "[Parameters.Days] in step 'A' names no parameter. There are: none"),
        ([fail("A", get("Execution.Id"))], "[Execution.Id] in step 'A' names no execution variable"),
        ([fail("A", get("Steps.Prep.X"))], "[Steps.Prep.X] in step 'A' names no step"),
        ([fail("A", get("Everything"))], "'Everything' is not a reference"),
        ([fail("A", join("/", get("Nothing.X")))], "'Nothing.X' is not a reference"),
        ([fail("A", {"Std:Join": {"On": "/"}})], "Std:Join takes a text in On and a list in Values"),
        ([fail("A", {"Std:JsonGet": {"Path": "x"}})], "either a PropertyFile or an S3Uri"),
        (
            [condition("A", equals(1, 1)), fail("B", get("Steps.A.Metadata"))],
            "[Steps.A.Metadata] in step 'B' leads nowhere: a step of type Condition has no such output",
        ),
        ([condition("A")], "needs a list of Conditions"),
        ([condition("A", {"Type": "Near"})], "Unknown condition type 'Near' in step 'A'"),
        ([condition("A", {"Type": "Not", "Expression": equals(1, 1)})], "unknown property 'Expression'"),
        ([condition("A", {"Type": "Equals", "LeftValue": 1})], "The condition Equals in step 'A' needs RightValue"),
        ([condition("A", {"Type": "In", "QueryValue": 1, "Values": 1})], "Expecting start of Json Array in Values"),
        ([step("A", "Lambda")], "needs a FunctionArn"),
        ([step("A", "Callback")], "needs an SqsQueueUrl"),
    ],
)
def test_a_step_that_can_not_be_is_refused_in_words_that_name_it(flows, steps, message):
    assert message in refused(flows, *steps)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([parameter("A", "Decimal")], "Parameter 'A' has the Type 'Decimal'"),
        ([parameter("A", "Integer", "3")], "Parameter 'A' is of type Integer; '3' is of type String"),
        ([parameter("A", "Integer", True)], "Parameter 'A' is of type Integer; True is of type Boolean"),
        ([parameter("A", "String", "c", EnumValues=["a", "b"])], "'c' of parameter 'A' is not one of ['a', 'b']"),
        ([parameter("A", "String", EnumValues=[1])], "Parameter 'A' is of type String; 1 is of type Integer"),
        ([parameter("A", "String"), parameter("A", "Float")], "The parameter name 'A' is used twice"),
        ([parameter("a b", "String")], "name of a parameter must match"),
        ([{**parameter("A", "String"), "Unit": "h"}], "unknown property 'Unit' of parameter 'A'"),
    ],
)
def test_a_parameter_that_can_not_be_is_refused(flows, declared, message):
    assert message in refused(flows, fail(), parameters=declared)


def changed(original, path, value):
    """A step whose Arguments have `value` at `path`."""
    found = copy.deepcopy(original)
    *way, last = path
    place = found["Arguments"]
    for part in way:
        place = place[part]
    place[last] = value
    return found


DAYS = [parameter("Days", "Integer", 30), parameter("Type", "String", "ml.m5.large")]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("Instances",), 1, "Unknown Argument member 'Instances' in step 'Train'"),
        (("ResourceConfig", "Count"), 1, "Unknown Argument member 'Count' at ResourceConfig of step 'Train'"),
        (("RoleArn",), None, "Model Validation failed: Member 'RoleArn' must not be null in step 'Train'"),
        (("InputDataConfig",), {}, "Expecting start of Json Array at InputDataConfig of step 'Train'"),
        (("ResourceConfig",), [], "Expecting start of Json Object at ResourceConfig"),
        (
            ("ResourceConfig", "InstanceType"),
            "ml.none",
            "Model Validation failed: Value 'ml.none' for 'TrainingInstanceType' failed to satisfy enum value set: [",
        ),
        (
            ("ResourceConfig", "InstanceCount"),
            "1",
            'Cannot assign "1" to argument of type [Integer] at ResourceConfig.InstanceCount',
        ),
        (
            ("ResourceConfig", "InstanceCount"),
            get("Parameters.Type"),
            "Cannot assign property reference [Parameters.Type] to argument of type [Integer]",
        ),
        (
            ("HyperParameters", "days"),
            get("Parameters.Days"),
            "Cannot assign property reference [Parameters.Days] to argument of type [String] at HyperParameters.days",
        ),
        (
            ("ResourceConfig", "InstanceCount"),
            join("", get("Parameters.Days")),
            "Cannot assign Std:Join to argument of type [Integer]",
        ),
        (
            ("AlgorithmSpecification", "AlgorithmName"),
            "xgboost",
            "Step 'Train': This cloud does not support AlgorithmSpecification.AlgorithmName",
        ),
    ],
)
def test_arguments_are_held_against_the_operation_they_are_for(flows, path, value, message):
    assert message in refused(flows, changed(flows.train(), path, value), parameters=DAYS)


def test_a_reference_must_lead_to_a_member_that_describe_answers(flows):
    train = flows.train()
    for path, message in (
        ("Steps.Train.ModelArtefacts.S3ModelArtifacts", "[Steps.Train.ModelArtefacts.S3ModelArtifacts] in step 'Keep'"),
        ("Steps.Train.ModelArtifacts", None),  # a structure: only the run can tell
        ("Steps.Train.ResourceConfig.InstanceCount", "[Steps.Train.ResourceConfig.InstanceCount] to argument of type"),
    ):
        model = flows.model("Keep", get(path))
        if message:
            assert message in refused(flows, train, model)


def test_a_property_file_needs_an_output_of_its_step(flows):
    report = {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "evaluation.json"}
    evaluate = flows.process("Evaluate", "prepare", {}, {"train": "s3://lab/x"}, PropertyFiles=[report])
    assert "names the output 'report'; the step has ['train']" in refused(flows, evaluate)
    metric = {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Other"), "Path": "auc"}}
    evaluate["PropertyFiles"] = [{**report, "OutputName": "train"}]
    message = refused(flows, evaluate, condition("Check", compare("LessThan", metric, 1)))
    assert "[Steps.Evaluate.PropertyFiles.Other] in step 'Check' leads nowhere" in message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"CacheConfig": {"Enabled": True, "ExpireAfter": "30 days"}}, "'30 days' of step 'Train' is not an ISO 8601"),
        ({"CacheConfig": {"Enabled": "yes"}}, "Enabled in CacheConfig of step 'Train' must be true or false"),
        ({"RetryPolicies": [{"ExceptionType": ["Step.BAD_LUCK"]}]}, "ExceptionType of step 'Train' takes Step.SERVICE"),
        (
            {"RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 21}]},
            "MaxAttempts in RetryPolicies of step 'Train' must be between 1 and 20; got 21",
        ),
        ({"PropertyFiles": []}, "unknown property 'PropertyFiles' of step 'Train' (Training)"),
    ],
)
def test_cache_and_retry_settings_are_read_when_the_pipeline_is_made(flows, more, message):
    assert message in refused(flows, flows.train(**more))


def test_a_pipeline_is_made_described_listed_changed_and_deleted(flows):
    arn = flows.create("life", fail("A"), PipelineDescription="first", Tags=[{"Key": "team", "Value": "fraud"}])
    assert arn.endswith(":pipeline/life")
    found = flows.sm.describe_pipeline(PipelineName="life")
    assert (found["PipelineStatus"], found["PipelineDescription"], found["RoleArn"]) == ("Active", "first", flows.role)
    assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    assert json.loads(found["PipelineDefinition"])["Steps"][0]["Name"] == "A"
    assert flows.sm.describe_pipeline(PipelineName=arn)["PipelineName"] == "life"
    assert flows.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "fraud"}]
    answer = flows.sm.update_pipeline(PipelineName="life", PipelineDefinition=definition(fail("B")))
    assert answer["PipelineVersionId"] == 2
    assert '"B"' in flows.sm.describe_pipeline(PipelineName="life")["PipelineDefinition"]
    assert '"A"' in flows.sm.describe_pipeline(PipelineName="life", PipelineVersionId=1)["PipelineDefinition"]
    flows.sm.update_pipeline_version(PipelineArn=arn, PipelineVersionId=2, PipelineVersionDisplayName="second")
    versions = flows.sm.list_pipeline_versions(PipelineName="life")["PipelineVersionSummaries"]
    assert [(v["PipelineVersionId"], v.get("PipelineVersionDisplayName")) for v in versions] == [
        (2, "second"),
        (1, None),
    ]
    flows.run("life")
    listed = flows.sm.list_pipelines(PipelineNamePrefix="life")["PipelineSummaries"]
    assert [(p["PipelineName"], p["PipelineDisplayName"]) for p in listed] == [("life", "life")]
    assert listed[0]["LastExecutionTime"] >= listed[0]["CreationTime"]
    flows.sm.delete_pipeline(PipelineName="life")
    with pytest.raises(ClientError) as failure:
        flows.sm.describe_pipeline(PipelineName="life")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
    assert failure.value.response["Error"]["Message"] == f"Pipeline '{arn}' does not exist."


def test_a_wrong_update_leaves_the_pipeline_as_it_is(flows):
    flows.create("careful", fail("A"))
    with pytest.raises(ClientError, match="which this cloud does not run"):
        flows.sm.update_pipeline(PipelineName="careful", PipelineDefinition=definition(step("B", "EMR")))
    assert '"A"' in flows.sm.describe_pipeline(PipelineName="careful")["PipelineDefinition"]


def test_a_name_is_used_once_and_the_same_token_twice(flows):
    first = flows.create("once", fail(), ClientRequestToken="c" * 32)
    assert flows.create("once", fail(), ClientRequestToken="c" * 32) == first
    with pytest.raises(ClientError, match=r"Pipeline names must be unique within an AWS account .* already exists"):
        flows.create("once", fail())


def test_a_definition_is_read_from_s3(flows):
    flows.lab.s3.put_object(Bucket="lab", Key="flows/definition.json", Body=definition(fail("FromS3")).encode())
    where = {"Bucket": "lab", "ObjectKey": "flows/definition.json"}
    flows.sm.create_pipeline(PipelineName="from-s3", PipelineDefinitionS3Location=where, RoleArn=flows.role)
    assert list(flows.run("from-s3")[1]) == ["FromS3"]
    for request, message in (
        ({"PipelineDefinitionS3Location": {**where, "ObjectKey": "flows/none"}}, "Unable to read the pipeline def"),
        ({"PipelineDefinitionS3Location": where, "PipelineDefinition": "{}"}, "Only one of"),
        ({}, "must be specified"),
    ):
        with pytest.raises(ClientError, match=message):
            flows.sm.create_pipeline(PipelineName="from-nowhere", RoleArn=flows.role, **request)


def test_the_role_must_be_one_that_sagemaker_may_take(flows):
    with pytest.raises(ClientError, match="Could not assume role"):
        flows.sm.create_pipeline(
            PipelineName="nobodys",
            PipelineDefinition=definition(fail()),
            RoleArn="arn:aws:iam::123456789012:role/Nobody",
        )


def test_the_caller_must_be_allowed_to_pass_the_role(flows):
    iam = flows.lab.cloud.client("iam")
    iam.create_user(UserName="junior")
    allowed = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    iam.put_user_policy(UserName="junior", PolicyName="all", PolicyDocument=json.dumps({"Statement": [allowed]}))
    key = iam.create_access_key(UserName="junior")["AccessKey"]
    junior = flows.lab.cloud.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"]))
    with pytest.raises(ClientError, match=r"not authorized to perform: iam:PassRole on resource: .*role/PipelineRole"):
        junior.create_pipeline(PipelineName="passed", PipelineDefinition=definition(fail()), RoleArn=flows.role)


def test_a_running_execution_keeps_its_pipeline(flows):
    flows.create("busy", flows.train("Long", "import time\nwhile True: time.sleep(60)"))
    arn = flows.start("busy")
    flows.step_in(arn, "Long", "Executing")
    with pytest.raises(ClientError, match="is running"):
        flows.sm.delete_pipeline(PipelineName="busy")
    flows.sm.stop_pipeline_execution(PipelineExecutionArn=arn)
    flows.end(arn)
    flows.sm.delete_pipeline(PipelineName="busy")
    with pytest.raises(ClientError, match="does not exist"):
        flows.sm.describe_pipeline_execution(PipelineExecutionArn=arn)
