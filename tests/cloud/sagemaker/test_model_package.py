"""Model packages through real boto3: versions, approval and who may give it, what is refused."""

import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

SPECIFICATION = {
    "Containers": [{"Image": SCIKIT_LEARN}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


def spec(model_data, **more):
    return {**SPECIFICATION, "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": model_data, **more}]}


def test_versions_are_numbered_and_pending(lab, registered, archived):
    arns = [registered("numbered") for _ in range(3)]
    assert [arn.rsplit(":", 1)[1] for arn in arns] == [f"model-package/numbered/{n}" for n in (1, 2, 3)]
    found = lab.sm.describe_model_package(ModelPackageName=arns[1])
    assert (found["ModelPackageGroupName"], found["ModelPackageVersion"]) == ("numbered", 2)
    assert found["ModelPackageName"] == "numbered"
    assert (found["ModelApprovalStatus"], found["ModelPackageStatus"]) == ("PendingManualApproval", "Completed")
    assert found["ModelPackageStatusDetails"]["ValidationStatuses"] == [{"Name": "numbered", "Status": "Completed"}]
    container = found["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == archived
    assert container["ModelDataETag"] == lab.s3.head_object(Bucket="lab", Key="registry/model.tar.gz")["ETag"].strip(
        '"'
    )
    assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    states = [c["status"] for c in lab.cloud.control("timeline") if c["name"] == "numbered/2"]
    assert states == ["Pending", "InProgress", "Completed"]


def test_a_number_is_not_given_out_again(lab, registered):
    lab.sm.delete_model_package(ModelPackageName=registered("gone"))
    assert registered("gone").endswith("/gone/2")
    with pytest.raises(ClientError, match=r"ModelPackage arn:aws:sagemaker:.*:model-package/gone/1 does not exist\."):
        lab.sm.describe_model_package(ModelPackageName="gone/1")


def test_what_is_said_of_a_version_is_described(lab, registered):
    def report(name):
        body = json.dumps({"metric": name}).encode()
        lab.s3.put_object(Bucket="lab", Key=f"reports/{name}.json", Body=body)
        return {
            "ContentType": "application/json",
            "S3Uri": f"s3://lab/reports/{name}.json",
            "ContentDigest": f"sha256:{hashlib.sha256(body).hexdigest()}",
        }

    said = {
        "ModelPackageDescription": "third try",
        "ModelMetrics": {
            "ModelQuality": {"Statistics": report("quality")},
            "ModelDataQuality": {"Constraints": report("data")},
            "Bias": {"PostTrainingReport": report("bias")},
            "Explainability": {"Report": report("shap")},
        },
        "DriftCheckBaselines": {"ModelDataQuality": {"Statistics": report("baseline")}},
        "CustomerMetadataProperties": {"ticket": "ML-7"},
        "MetadataProperties": {"CommitId": "4f2a", "Repository": "txguard"},
        "ModelLifeCycle": {"Stage": "Development", "StageStatus": "Approved", "StageDescription": "built"},
        "ModelCard": {
            "ModelCardContent": json.dumps({"intended_uses": {"risk_rating": "High", "purpose_of_model": "fraud"}}),
            "ModelCardStatus": "Draft",
        },
        "Domain": "MACHINE_LEARNING",
        "Task": "CLASSIFICATION",
    }
    arn = registered("told", **said)
    found = lab.sm.describe_model_package(ModelPackageName=arn)
    assert {member: found[member] for member in said} == said
    found = lab.sm.describe_model_package(ModelPackageName=arn, IncludedData="MetadataOnly")
    assert json.loads(found["ModelCard"]["ModelCardContent"]) == {"intended_uses": {"risk_rating": "High"}}


def test_a_package_may_have_a_name_instead_of_a_version(lab, archived):
    arn = lab.sm.create_model_package(
        ModelPackageName="alone", InferenceSpecification=spec(archived), Tags=[{"Key": "a", "Value": "b"}]
    )["ModelPackageArn"]
    assert arn.endswith(":model-package/alone")
    found = lab.sm.describe_model_package(ModelPackageName="alone")
    assert found["ModelPackageName"] == "alone"
    assert not {"ModelPackageVersion", "ModelPackageGroupName", "ModelApprovalStatus"} & set(found)
    assert lab.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match="ModelPackage already exists: "):
        lab.sm.create_model_package(ModelPackageName="alone", InferenceSpecification=spec(archived))
    with pytest.raises(ClientError, match="Environment variable map cannot be specified when using non-versioned"):
        lab.sm.create_model_package(ModelPackageName="b", InferenceSpecification=spec(archived, Environment={"A": "1"}))
    with pytest.raises(ClientError, match="ModelApprovalStatus cannot be specified for a model package that is not"):
        lab.sm.create_model_package(
            ModelPackageName="b", InferenceSpecification=spec(archived), ModelApprovalStatus="Approved"
        )
    with pytest.raises(ClientError, match="is not versioned"):
        lab.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def test_a_version_has_the_tags_of_its_group(lab, registered):
    version = registered("tagged")
    group = lab.sm.describe_model_package_group(ModelPackageGroupName="tagged")["ModelPackageGroupArn"]
    lab.sm.add_tags(ResourceArn=group, Tags=[{"Key": "team", "Value": "fraud"}])
    assert lab.sm.list_tags(ResourceArn=version)["Tags"] == [{"Key": "team", "Value": "fraud"}]
    with pytest.raises(ClientError, match="uses the tags of its model package group"):
        registered("tagged", Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"ModelPackageName": "a", "ModelPackageGroupName": "b"}, "Cannot determine which one to use"),
        ({}, "Missing ARN"),
        ({"ModelPackageGroupName": "nowhere"}, "ModelPackageGroup arn:aws:sagemaker:.*nowhere does not exist"),
        ({"InferenceSpecification": spec("s3://lab/none.tar.gz")}, "Cannot find S3 object: none.tar.gz in bucket lab"),
        ({"InferenceSpecification": spec("https://elsewhere/x.tar.gz")}, "is not an S3 URI"),
        (
            {"InferenceSpecification": {**SPECIFICATION, "Containers": [{"Image": "1.dkr.ecr/none:1"}]}},
            "Requested image 1.dkr.ecr/none:1 not found",
        ),
        ({"InferenceSpecification": {**SPECIFICATION, "Containers": [{}]}}, "needs an Image"),
        (
            {"InferenceSpecification": {**SPECIFICATION, "Containers": [{"Image": SCIKIT_LEARN}] * 2}},
            "more than one container",
        ),
        ({"InferenceSpecification": None}, "needs an InferenceSpecification"),
        ({"ModelCard": {"ModelCardContent": "{"}}, "not valid JSON"),
        (
            {"ModelCard": {"ModelCardContent": json.dumps({"model_overview": {"model_name": "x"}})}},
            r"at \$\.model_overview: Additional properties are not allowed",
        ),
        ({"CertifyForMarketplace": True}, "does not support.*CertifyForMarketplace"),
        (
            {"SourceAlgorithmSpecification": {"SourceAlgorithms": [{"AlgorithmName": "x"}]}},
            "does not support.*SourceAlgorithmSpecification",
        ),
    ],
)
def test_what_cannot_be_registered_is_refused(lab, registered, request_, words):
    registered("picky")
    asked = {"InferenceSpecification": SPECIFICATION, **request_}
    if "ModelPackageName" not in asked and request_:
        asked.setdefault("ModelPackageGroupName", "picky")
    before = len(lab.sm.list_model_packages(ModelPackageGroupName="picky", MaxResults=100)["ModelPackageSummaryList"])
    with pytest.raises(ClientError, match=words) as failure:
        lab.sm.create_model_package(**{k: v for k, v in asked.items() if v is not None})
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    after = lab.sm.list_model_packages(ModelPackageGroupName="picky", MaxResults=100)["ModelPackageSummaryList"]
    assert len(after) == before


def test_an_archive_that_nothing_could_load_fails_the_version(lab, registered):
    lab.s3.put_object(Bucket="lab", Key="registry/broken.tar.gz", Body=b"not an archive")
    arn = registered("broken", "s3://lab/registry/broken.tar.gz")
    found = lab.sm.describe_model_package(ModelPackageName=arn)
    assert found["ModelPackageStatus"] == "Failed"
    status = found["ModelPackageStatusDetails"]["ValidationStatuses"][0]
    assert status["Status"] == "Failed"
    assert "not a readable tar.gz archive" in status["FailureReason"]
    skipped = registered("broken", "s3://lab/registry/broken.tar.gz", SkipModelValidation="All")
    assert lab.sm.describe_model_package(ModelPackageName=skipped)["ModelPackageStatus"] == "Completed"


def test_a_version_is_cloned_from_its_source(lab, registered, archived):
    source = registered("cloned")
    arn = lab.sm.create_model_package(ModelPackageGroupName="cloned", SourceUri=source)["ModelPackageArn"]
    container = lab.sm.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == archived
    model = lab.sm.create_model(
        ModelName="of-cloned",
        ExecutionRoleArn=lab.role,
        PrimaryContainer={"Image": SCIKIT_LEARN, "ModelDataUrl": archived, "Environment": {"A": "1"}},
    )["ModelArn"]
    arn = lab.sm.create_model_package(ModelPackageGroupName="cloned", SourceUri=model)["ModelPackageArn"]
    container = lab.sm.describe_model_package(ModelPackageName=arn)["InferenceSpecification"]["Containers"][0]
    assert (container["Image"], container["Environment"]) == (SCIKIT_LEARN, {"A": "1"})


def test_the_same_token_registers_once(lab, registered):
    assert registered("once", ClientToken="again") == registered("once", ClientToken="again")
    assert len(lab.sm.list_model_packages(ModelPackageGroupName="once")["ModelPackageSummaryList"]) == 1


def test_approval_changes_and_names_who_gave_it(lab, registered):
    arn = registered("approved")
    for status, why in (("Approved", "recall 0.82"), ("Rejected", "a leak"), ("Approved", "after all")):
        lab.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=why)
        found = lab.sm.describe_model_package(ModelPackageName=arn)
        assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == (status, why)
        assert found["ModelPackageStatus"] == "Completed"
    assert found["LastModifiedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    assert found["LastModifiedTime"] > found["CreationTime"]
    lab.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    noted = [c["status"] for c in lab.cloud.control("timeline") if c["name"] == "approved/1"]
    assert noted == ["Pending", "InProgress", "Completed", "Approved", "Rejected", "Approved"]
    with pytest.raises(ClientError, match="Member must satisfy enum value set"):
        lab.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Deployed")


def test_stage_properties_card_and_specifications_are_updated(lab, registered, archived):
    arn = registered("updated", CustomerMetadataProperties={"keep": "1", "drop": "2"})
    lab.sm.update_model_package(
        ModelPackageArn=arn,
        ModelLifeCycle={"Stage": "QA", "StageStatus": "PendingApproval"},
        CustomerMetadataProperties={"new": "3"},
        CustomerMetadataPropertiesToRemove=["drop"],
        ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Archived"},
        AdditionalInferenceSpecificationsToAdd=[{"Name": "small", **spec(archived)}],
    )
    found = lab.sm.describe_model_package(ModelPackageName=arn)
    assert found["ModelLifeCycle"] == {"Stage": "QA", "StageStatus": "PendingApproval"}
    assert found["CustomerMetadataProperties"] == {"keep": "1", "new": "3"}
    assert found["ModelCard"]["ModelCardStatus"] == "Archived"
    assert [s["Name"] for s in found["AdditionalInferenceSpecifications"]] == ["small"]
    assert "ModelLifeCycle" in [c["status"] for c in lab.cloud.control("timeline") if c["name"] == "updated/1"]
    with pytest.raises(ClientError, match="Model Card is in Archived state"):
        lab.sm.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardContent": "{}"})
    with pytest.raises(ClientError, match="must be unique"):
        lab.sm.update_model_package(
            ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[{"Name": "small", **spec(archived)}]
        )


def test_packages_are_listed_by_type_group_and_approval(lab, registered, archived):
    versions = [registered("listed") for _ in range(3)]
    lab.sm.update_model_package(ModelPackageArn=versions[0], ModelApprovalStatus="Approved")
    lab.sm.create_model_package(ModelPackageName="listed-alone", InferenceSpecification=spec(archived))

    def names(**asked):
        found = lab.sm.list_model_packages(**asked)["ModelPackageSummaryList"]
        return [package["ModelPackageArn"].split("model-package/")[1] for package in found]

    assert names(ModelPackageGroupName="listed") == ["listed/3", "listed/2", "listed/1"]
    assert names(ModelPackageGroupName="listed", SortOrder="Ascending", MaxResults=1) == ["listed/1"]
    assert names(ModelPackageGroupName="listed", ModelApprovalStatus="Approved") == ["listed/1"]
    assert names(NameContains="listed") == ["listed-alone"]
    assert names(NameContains="listed", ModelPackageType="Versioned", SortBy="Name")[0] == "listed/3"
    assert len(names(NameContains="listed", ModelPackageType="Both")) == 4
    summary = lab.sm.list_model_packages(ModelPackageGroupName="listed")["ModelPackageSummaryList"][0]
    assert (summary["ModelPackageVersion"], summary["ModelPackageStatus"]) == (3, "Completed")
    assert "InferenceSpecification" not in summary
    pages = lab.sm.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName="listed", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["ModelPackageSummaryList"]) for page in pages] == [2, 1]


def test_a_batch_tells_what_is_there_from_what_is_not(lab, registered):
    arn = registered("batch")
    missing = arn.replace("/1", "/9")
    found = lab.sm.batch_describe_model_package(ModelPackageArnList=[arn, missing])
    assert found["ModelPackageSummaries"][arn]["InferenceSpecification"]["Containers"][0]["Image"] == SCIKIT_LEARN
    assert found["BatchDescribeModelPackageErrorMap"][missing]["ErrorResponse"].endswith("does not exist.")


@pytest.fixture(scope="module")
def user_with(lab):
    """A client of a new user with one policy."""
    iam = lab.cloud.client("iam")

    def make(name, *statements):
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lab.cloud.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"]))

    return make


def allow(action, resource="*", **condition):
    return {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": {"StringEquals": condition}} if condition else {}),
    }


def test_who_may_approve_is_a_matter_of_condition_keys(lab, registered, user_with):
    arn = registered("guarded")
    scientist = user_with(
        "scientist",
        allow("sagemaker:*"),
        {
            "Effect": "Deny",
            "Action": "sagemaker:UpdateModelPackage",
            "Resource": "*",
            "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
        },
    )
    scientist.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    scientist.update_model_package(ModelPackageArn=arn, ApprovalDescription="please look")
    with pytest.raises(ClientError, match="explicit deny") as failure:
        scientist.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert failure.value.response["Error"]["Code"] == "AccessDeniedException"
    assert lab.sm.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Rejected"


def test_stages_and_properties_are_condition_keys_too(registered, user_with):
    arn = registered("staged")
    tester = user_with(
        "tester",
        allow(
            "sagemaker:UpdateModelPackage",
            arn,
            **{"sagemaker:ModelLifeCycle:stage": "QA", "sagemaker:ModelLifeCycle:stageStatus": "Approved"},
        ),
        allow("sagemaker:UpdateModelPackage", arn, **{"sagemaker:CustomerMetadataProperties/ticket": "ML-7"}),
    )
    tester.update_model_package(ModelPackageArn=arn, ModelLifeCycle={"Stage": "QA", "StageStatus": "Approved"})
    tester.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"ticket": "ML-7"})
    for refused in (
        {"ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"}},
        {"ModelLifeCycle": {"Stage": "QA", "StageStatus": "Rejected"}},
        {"CustomerMetadataProperties": {"ticket": "ML-8"}},
        {"ModelApprovalStatus": "Approved"},
    ):
        with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:UpdateModelPackage"):
            tester.update_model_package(ModelPackageArn=arn, **refused)


def test_a_caller_who_cannot_read_the_archive_cannot_register_it(lab, registered, archived, user_with):
    registered("private")
    blind = user_with("blind", allow("sagemaker:*"))
    with pytest.raises(ClientError, match="Cannot find S3 object"):
        blind.create_model_package(ModelPackageGroupName="private", InferenceSpecification=spec(archived))
