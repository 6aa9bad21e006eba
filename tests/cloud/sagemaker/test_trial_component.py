"""Trial components through real boto3: one for each job, made by the cloud."""

import pytest
from botocore.exceptions import ClientError


def test_components_are_listed_newest_first_and_by_their_job(lab):
    jobs = [lab.train(f"listed-{i}", "print(1)") for i in range(3)]
    pages = lab.sm.get_paginator("list_trial_components").paginate(PaginationConfig={"PageSize": 2})
    names = [[c["TrialComponentName"] for c in page["TrialComponentSummaries"]] for page in pages]
    assert names == [["listed-2-aws-training-job", "listed-1-aws-training-job"], ["listed-0-aws-training-job"]]
    (found,) = lab.sm.list_trial_components(SourceArn=jobs[1]["TrainingJobArn"])["TrialComponentSummaries"]
    assert found["TrialComponentName"] == "listed-1-aws-training-job"
    assert found["TrialComponentSource"]["SourceArn"] == jobs[1]["TrainingJobArn"]
    described = lab.sm.describe_trial_component(TrialComponentName=found["TrialComponentArn"])
    assert described["DisplayName"] == "listed-1-aws-training-job"


def test_what_is_not_there_is_not_found(lab):
    with pytest.raises(ClientError, match="TrialComponent 'none' does not exist") as failure:
        lab.sm.describe_trial_component(TrialComponentName="none")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError, match="does not support the parameter ExperimentName"):
        lab.sm.list_trial_components(ExperimentName="x")
