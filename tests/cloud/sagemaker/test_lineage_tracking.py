"""What the cloud writes into the lineage by itself: through real jobs, packages and endpoints, and on a bare store."""

import logging
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from course.cloud.clock import Clock
from course.cloud.images import SCIKIT_LEARN
from course.cloud.sagemaker import lineage_tracking
from course.cloud.sagemaker.lineage_graph import TRIAL_COMPONENT, Graph
from course.cloud.sagemaker.resources import JOB_STATUSES
from course.cloud.store import Kind, Store


@pytest.fixture(scope="module")
def walked(lab, registered):
    """Trained, registered, approved, deployed."""
    job = lab.train("traced", HyperParameters={"strength": "0.5"})
    model_data = job["ModelArtifacts"]["S3ModelArtifacts"]
    registered("traced-models", model_data)
    version = registered(
        "traced-models",
        model_data,
        MetadataProperties={"CommitId": "4f2a"},
        ModelLifeCycle={"Stage": "QA", "StageStatus": "Approved"},
    )
    lab.sm.update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved", ApprovalDescription="recall 0.82"
    )
    code = lab.put_code("code/traced.tar.gz", serve__py="def model_fn(d): return 1")
    lab.sm.create_model(
        ModelName="traced",
        ExecutionRoleArn=lab.role,
        PrimaryContainer={
            "ModelPackageName": version,
            "Environment": {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
        },
    )
    lab.sm.create_endpoint_config(
        EndpointConfigName="traced",
        ProductionVariants=[
            {"VariantName": "A", "ModelName": "traced", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    lab.sm.create_endpoint(EndpointName="traced", EndpointConfigName="traced")
    assert lab.settle("traced")["EndpointStatus"] == "InService"
    endpoint = lab.sm.describe_endpoint(EndpointName="traced")["EndpointArn"]
    lab.gone("traced")
    return SimpleNamespace(job=job, model_data=model_data, version=version, endpoint=endpoint)


def artifact(lab, uri):
    (found,) = lab.sm.list_artifacts(SourceUri=uri)["ArtifactSummaries"]
    return found


def ascendants(lab, start, *types):
    found = lab.sm.query_lineage(StartArns=[start], Direction="Ascendants", Filters={"Types": list(types)})
    return [vertex["Arn"] for vertex in found["Vertices"]]


def test_what_produced_a_version_is_found(lab, walked):
    """The way from the data over the job to the package."""
    package = artifact(lab, walked.version)
    assert package["ArtifactType"] == "Model"
    (job,) = ascendants(lab, package["ArtifactArn"], "TrainingJob")
    assert job.endswith(":experiment-trial-component/traced-aws-training-job")
    assert ascendants(lab, package["ArtifactArn"], "DataSet") == [artifact(lab, "s3://lab/data/")["ArtifactArn"]]
    assert ascendants(lab, package["ArtifactArn"], "Model") == [artifact(lab, walked.model_data)["ArtifactArn"]]
    found = lab.sm.query_lineage(
        StartArns=[package["ArtifactArn"]], Direction="Ascendants", Filters={"Types": ["DataSet"]}, IncludeEdges=True
    )
    assert [e["AssociationType"] for e in found["Edges"]] == ["ContributedTo", "Produced", "ContributedTo"]
    assert lab.sm.describe_artifact(ArtifactArn=package["ArtifactArn"])["MetadataProperties"] == {"CommitId": "4f2a"}


def test_a_job_s_trial_component_tells_what_it_ran_with(lab, walked):
    (summary,) = lab.sm.list_trial_components(SourceArn=walked.job["TrainingJobArn"])["TrialComponentSummaries"]
    assert summary["Status"]["PrimaryStatus"] == "Completed"
    found = lab.sm.describe_trial_component(TrialComponentName="traced-aws-training-job")
    assert found["TrialComponentArn"] == summary["TrialComponentArn"]
    assert found["Source"] == {"SourceArn": walked.job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}
    assert found["Parameters"]["strength"] == {"NumberValue": 0.5}
    assert found["Parameters"]["SageMaker.InstanceType"] == {"StringValue": "ml.m5.large"}
    assert found["Parameters"]["SageMaker.ImageUri"] == {"StringValue": SCIKIT_LEARN}
    assert found["InputArtifacts"] == {"train": {"Value": "s3://lab/data/"}}
    assert found["OutputArtifacts"] == {"SageMaker.ModelArtifact": {"Value": walked.model_data}}
    assert found["EndTime"] >= found["StartTime"]


def test_a_failed_job_is_told_with_its_reason(lab):
    lab.train("traced-failure", "raise ValueError('no rows')")
    found = lab.sm.describe_trial_component(TrialComponentName="traced-failure-aws-training-job")
    assert found["Status"]["PrimaryStatus"] == "Failed"
    assert "no rows" in found["Status"]["Message"]
    assert found["OutputArtifacts"] == {}


def test_every_approval_is_an_action_that_names_who_gave_it(lab, walked):
    package = artifact(lab, walked.version)["ArtifactArn"]
    given = [
        lab.sm.describe_action(ActionName=a["ActionName"])
        for a in lab.sm.list_actions(SourceUri=walked.version, ActionType="Approval", SortOrder="Ascending")[
            "ActionSummaries"
        ]
    ]
    assert [a["Properties"]["ModelApprovalStatus"] for a in given] == ["PendingManualApproval", "Approved"]
    assert given[1]["ActionName"].startswith("traced-models-2-Approved-")
    assert given[1]["Properties"]["By"].endswith(":user/learner")
    assert given[1]["Description"] == "recall 0.82"
    entering = lab.sm.list_associations(DestinationArn=package, SourceType="Approval")["AssociationSummaries"]
    assert {a["AssociationType"] for a in entering} == {"ContributedTo"}
    assert {a["SourceName"] for a in entering} == {a["ActionName"] for a in given}
    (stage,) = lab.sm.list_actions(ActionType="ModelLifeCycle")["ActionSummaries"]
    assert stage["Source"]["SourceUri"] == walked.version


def test_versions_belong_to_the_context_of_their_group(lab, walked):
    group = lab.sm.describe_model_package_group(ModelPackageGroupName="traced-models")["ModelPackageGroupArn"]
    (context,) = lab.sm.list_contexts(SourceUri=group)["ContextSummaries"]
    assert context["ContextType"] == "ModelGroup"
    assert context["ContextName"].endswith("-aws-model-group")
    entering = lab.sm.list_associations(DestinationArn=context["ContextArn"])["AssociationSummaries"]
    assert [a["AssociationType"] for a in entering] == ["AssociatedWith"] * 2
    assert artifact(lab, walked.version)["ArtifactArn"] in [a["SourceArn"] for a in entering]


def test_an_endpoint_leads_back_to_the_data_even_when_it_is_gone(lab, walked):
    (context,) = lab.sm.list_contexts(SourceUri=walked.endpoint)["ContextSummaries"]
    assert context["ContextType"] == "Endpoint"
    arn = context["ContextArn"]
    (deployment,) = lab.sm.list_associations(DestinationArn=arn)["AssociationSummaries"]
    assert (deployment["SourceType"], deployment["AssociationType"]) == ("ModelDeployment", "AssociatedWith")
    deployed = lab.sm.list_associations(DestinationArn=deployment["SourceArn"])["AssociationSummaries"]
    assert sorted(a["SourceType"] for a in deployed) == ["Image", "Model", "Model"]
    assert ascendants(lab, arn, "DataSet") == [artifact(lab, "s3://lab/data/")["ArtifactArn"]]
    assert len(ascendants(lab, arn, "TrainingJob")) == 1
    assert len(ascendants(lab, arn, "Approval")) == 2


def test_two_jobs_are_not_associated_with_each_other(lab, walked):
    lab.train("traced-other")
    jobs = [f"{name}-aws-training-job" for name in ("traced", "traced-other")]
    arns = [lab.sm.describe_trial_component(TrialComponentName=name)["TrialComponentArn"] for name in jobs]
    with pytest.raises(ClientError, match="between two experiment entities"):
        lab.sm.add_association(SourceArn=arns[0], DestinationArn=arns[1])


# -- kinds of jobs on a bare store -------------------------------------------------------------------------------------


@pytest.fixture
def told():
    """A world of nothing but a store and its lineage."""
    clock = Clock()
    store = Store(clock, "123456789012", "us-east-1")
    world = SimpleNamespace(
        store=store, clock=clock, lineage=Graph(store, clock), log=logging.getLogger("course.cloud")
    )
    lineage_tracking.follow(world)
    return world


def ends(world, component):
    graph = world.lineage
    came = [(e.source.fields["Source"]["SourceUri"], e.source.fields["ArtifactType"], e.type)
            for e in graph.entering(component.arn)]  # fmt: skip
    went = [(e.destination.fields["Source"]["SourceUri"], e.type) for e in graph.leaving(component.arn)]
    return came, went


def test_a_processing_job_reads_its_inputs_and_produces_its_outputs(told):
    kind = Kind("ProcessingJob", "processing-job", JOB_STATUSES)
    job = told.store.add(
        kind,
        "clean",
        {
            "AppSpecification": {"ImageUri": "image:1"},
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
            "ProcessingInputs": [
                {"InputName": "raw", "S3Input": {"S3Uri": "s3://b/raw"}},
                {"InputName": "features", "DatasetDefinition": {}},
            ],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": "s3://b/clean"}}]},
        },
        {},
        "InProgress",
    )
    component = told.store.find(TRIAL_COMPONENT, "clean-aws-processing-job")
    inputs = [("image:1", "Image", "ContributedTo"), ("s3://b/raw", "DataSet", "ContributedTo")]
    assert ends(told, component) == (inputs, [])
    told.store.move(job, "Completed")
    assert ends(told, component) == (inputs, [("s3://b/clean", "Produced")])
    assert component.fields["Status"] == {"PrimaryStatus": "Completed"}
    assert component.fields["Parameters"]["SageMaker.InstanceCount"] == {"NumberValue": 1.0}


def test_a_transform_job_that_fails_produces_nothing(told):
    kind = Kind("TransformJob", "transform-job", JOB_STATUSES)
    fields = {
        "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://b/in"}}},
        "TransformOutput": {"S3OutputPath": "s3://b/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    failed = told.store.add(kind, "failed", dict(fields), {}, "InProgress")
    done = told.store.add(kind, "done", dict(fields), {}, "InProgress")
    told.store.move(failed, "Failed", FailureReason="no rows")
    told.store.move(done, "Completed")
    component = told.store.find(TRIAL_COMPONENT, "failed-aws-transform-job")
    assert ends(told, component) == ([("s3://b/in", "DataSet", "ContributedTo")], [])
    assert component.fields["Status"] == {"PrimaryStatus": "Failed", "Message": "no rows"}
    component = told.store.find(TRIAL_COMPONENT, "done-aws-transform-job")
    assert ends(told, component)[1] == [("s3://b/out", "Produced")]


def test_what_one_job_produced_the_next_one_reads(told):
    """One artifact for one URI, so that the way leads from job to job."""
    kind = Kind("ProcessingJob", "processing-job", JOB_STATUSES)
    for name, source, target in (("a", "s3://b/0", "s3://b/1"), ("b", "s3://b/1", "s3://b/2")):
        job = told.store.add(
            kind,
            name,
            {
                "AppSpecification": {"ImageUri": "image:1"},
                "ProcessingInputs": [{"InputName": "i", "S3Input": {"S3Uri": source}}],
                "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": target}}]},
            },
            {},
            "InProgress",
        )
        told.store.move(job, "Completed")
    middle = told.lineage.artifact("s3://b/1", "DataSet")
    assert [e.source.name for e in told.lineage.entering(middle.arn)] == ["a-aws-processing-job"]
    assert [e.destination.name for e in told.lineage.leaving(middle.arn)] == ["b-aws-processing-job"]


def test_a_fault_in_the_lineage_does_not_stop_a_job(told, caplog):
    kind = Kind("TransformJob", "transform-job", JOB_STATUSES)
    job = told.store.add(kind, "odd", {}, {}, "InProgress")
    told.store.move(job, "Completed")
    assert job.status == "Completed"
    assert "lineage of TransformJob odd" in caplog.text
