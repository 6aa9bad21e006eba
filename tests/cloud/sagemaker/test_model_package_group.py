"""Model package groups through real boto3."""

import json

import pytest
from botocore.exceptions import ClientError


def test_a_group_is_described_by_name_and_by_arn(lab):
    arn = lab.sm.create_model_package_group(
        ModelPackageGroupName="shelf", ModelPackageGroupDescription="fraud models", Tags=[{"Key": "team", "Value": "x"}]
    )["ModelPackageGroupArn"]
    assert arn.endswith(":model-package-group/shelf")
    for name in ("shelf", arn):
        found = lab.sm.describe_model_package_group(ModelPackageGroupName=name)
        assert found["ModelPackageGroupStatus"] == "Completed"
        assert found["ModelPackageGroupDescription"] == "fraud models"
        assert found["CreatedBy"]["IamIdentity"]["Arn"].endswith(":user/learner")
    assert lab.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "x"}]


def test_a_name_is_taken_once(lab):
    lab.sm.create_model_package_group(ModelPackageGroupName="twice")
    with pytest.raises(ClientError, match="Model Package Group already exists: arn:aws:sagemaker") as failure:
        lab.sm.create_model_package_group(ModelPackageGroupName="twice")
    assert failure.value.response["Error"]["Code"] == "ValidationException"


def test_what_is_not_there_does_not_exist(lab):
    for call in (
        lab.sm.describe_model_package_group,
        lab.sm.delete_model_package_group,
        lab.sm.get_model_package_group_policy,
    ):
        with pytest.raises(ClientError, match=r"ModelPackageGroup arn:aws:sagemaker:.*/nowhere does not exist\."):
            call(ModelPackageGroupName="nowhere")


def test_groups_are_listed_by_name_in_pages(lab):
    for i in range(3):
        lab.sm.create_model_package_group(ModelPackageGroupName=f"paged-{i}")
    pages = lab.sm.get_paginator("list_model_package_groups").paginate(
        NameContains="paged", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    sizes, names = [], []
    for page in pages:
        sizes.append(len(page["ModelPackageGroupSummaryList"]))
        names += [group["ModelPackageGroupName"] for group in page["ModelPackageGroupSummaryList"]]
    assert (sizes, names) == ([2, 1], ["paged-0", "paged-1", "paged-2"])


def test_a_policy_is_kept_shown_and_removed(lab):
    lab.sm.create_model_package_group(ModelPackageGroupName="shared")
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        lab.sm.get_model_package_group_policy(ModelPackageGroupName="shared")
    with pytest.raises(ClientError, match="not a policy document"):
        lab.sm.put_model_package_group_policy(ModelPackageGroupName="shared", ResourcePolicy="everyone")
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    lab.sm.put_model_package_group_policy(ModelPackageGroupName="shared", ResourcePolicy=policy)
    assert lab.sm.get_model_package_group_policy(ModelPackageGroupName="shared")["ResourcePolicy"] == policy
    lab.sm.delete_model_package_group_policy(ModelPackageGroupName="shared")
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        lab.sm.get_model_package_group_policy(ModelPackageGroupName="shared")


def test_a_group_that_holds_versions_is_not_deleted(lab, registered):
    version = registered("full")
    with pytest.raises(ClientError, match="still contains 1 model package") as failure:
        lab.sm.delete_model_package_group(ModelPackageGroupName="full")
    assert failure.value.response["Error"]["Code"] == "ConflictException"
    lab.sm.delete_model_package(ModelPackageName=version)
    lab.sm.delete_model_package_group(ModelPackageGroupName="full")
    with pytest.raises(ClientError, match="does not exist"):
        lab.sm.describe_model_package_group(ModelPackageGroupName="full")
