"""Models through real boto3: from an archive, and from what the registry holds."""

import pytest
from botocore.exceptions import ClientError

from course.cloud.images import SCIKIT_LEARN

from .conftest import SERVE


def create(lab, name, **container):
    return lab.sm.create_model(ModelName=name, ExecutionRoleArn=lab.role, PrimaryContainer=container)


def test_a_version_of_the_registry_is_deployed_and_predicts(lab):
    job = lab.train("to-register")
    code = lab.put_code("code/registered.tar.gz", serve__py=SERVE)
    lab.sm.create_model_package_group(ModelPackageGroupName="fraud")
    version = lab.sm.create_model_package(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [
                {
                    "Image": SCIKIT_LEARN,
                    "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
                    "Environment": {"SAGEMAKER_PROGRAM": "other.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    lab.sm.create_model(
        ModelName="from-registry",
        ExecutionRoleArn=lab.role,
        Containers=[{"ModelPackageName": version, "Environment": {"SAGEMAKER_PROGRAM": "serve.py"}}],
    )
    container = lab.sm.describe_model(ModelName="from-registry")["PrimaryContainer"]
    assert container["ModelPackageName"] == version
    assert container["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    assert container["Environment"] == {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code}
    lab.sm.create_endpoint_config(
        EndpointConfigName="from-registry",
        ProductionVariants=[
            {
                "VariantName": "A",
                "ModelName": "from-registry",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
    )
    lab.sm.create_endpoint(EndpointName="from-registry", EndpointConfigName="from-registry")
    assert lab.settle("from-registry")["EndpointStatus"] == "InService"
    body = lab.runtime.invoke_endpoint(
        EndpointName="from-registry", ContentType="text/csv", Accept="text/csv", Body=b"0.0,0.0\n1.1,-1.0\n"
    )["Body"].read()
    assert [float(v) for v in body.split()] == [0.0, 1.0]
    lab.gone("from-registry")


def test_a_specification_is_chosen_by_name(lab, registered, archived):
    lab.s3.copy_object(Bucket="lab", Key="registry/small.tar.gz", CopySource="lab/registry/model.tar.gz")
    version = registered("chosen")
    lab.sm.update_model_package(
        ModelPackageArn=version,
        AdditionalInferenceSpecificationsToAdd=[
            {
                "Name": "small",
                "Containers": [{"Image": SCIKIT_LEARN, "ModelDataUrl": "s3://lab/registry/small.tar.gz"}],
            }
        ],
    )
    create(lab, "chosen", ModelPackageName="chosen/1", InferenceSpecificationName="small")
    found = lab.sm.describe_model(ModelName="chosen")["PrimaryContainer"]
    assert (found["ModelDataUrl"], found["ModelPackageName"]) == ("s3://lab/registry/small.tar.gz", version)
    with pytest.raises(ClientError, match="has no inference specification large"):
        create(lab, "x", ModelPackageName=version, InferenceSpecificationName="large")


def test_a_pending_version_makes_a_model_a_failed_one_does_not(lab, registered):
    create(lab, "of-pending", ModelPackageName=registered("unjudged"))
    lab.s3.put_object(Bucket="lab", Key="registry/bad.tar.gz", Body=b"bad")
    with pytest.raises(ClientError, match="is in status Failed"):
        create(lab, "x", ModelPackageName=registered("unjudged", "s3://lab/registry/bad.tar.gz"))


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"ModelPackageName": "nowhere/1"}, r"ModelPackage arn:aws:sagemaker:.*nowhere/1 does not exist\."),
        ({"ModelPackageName": "named/1", "Image": SCIKIT_LEARN}, "Image cannot be specified together"),
        ({}, "needs an Image"),
        ({"Image": SCIKIT_LEARN, "Mode": "MultiModel"}, "does not support PrimaryContainer.Mode=MultiModel"),
        ({"Image": SCIKIT_LEARN, "ModelDataUrl": "s3://lab/nothing"}, "Could not find model data"),
    ],
)
def test_a_container_that_names_nothing_to_run_is_refused(lab, registered, container, words):
    registered("named")
    with pytest.raises(ClientError, match=words):
        create(lab, "refused", **container)


def test_one_container_is_asked_for_in_one_way(lab):
    container = {"Image": SCIKIT_LEARN}
    for asked, words in (
        ({}, "Either PrimaryContainer or Containers"),
        ({"PrimaryContainer": container, "Containers": [container]}, "and not both"),
        ({"Containers": [container, container]}, "does not support Containers with more than one"),
        ({"Containers": [{"ModelDataSource": {"S3DataSource": {
            "S3Uri": "s3://lab/x", "S3DataType": "S3Prefix", "CompressionType": "None"}}}]},
         "does not support Containers.ModelDataSource"),
    ):  # fmt: skip
        with pytest.raises(ClientError, match=words):
            lab.sm.create_model(ModelName="refused", ExecutionRoleArn=lab.role, **asked)
