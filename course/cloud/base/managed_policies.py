"""Policies that AWS manages and MiniStack lacks: SageMaker's, as far as this cloud has the services.

Source: the SageMaker developer guide, "AWS managed policies for Amazon SageMaker AI", AmazonSageMakerFullAccess
(version 27) and AmazonSageMakerReadOnly (version 11). What they allow of Studio (domains, apps, spaces), of training
plans, and of services that are not here (Glue, Athena, Redshift, Service Catalog, Cognito, Code*, RoboMaker, FSx, S3
Express) is left out.
"""

import json
from typing import Any

from .ministack import iam

_seed = iam._seed_aws_managed_policies


def _allow(actions: list[str], resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def _each(prefix: str, actions: str) -> list[str]:
    return [f"{prefix}:{action}" for action in actions.split()]


def _named(pattern: str, *words: str) -> list[str]:
    """The ARNs whose names contain SageMaker in one of three spellings, or one of `words`."""
    return [pattern.format(f"*{word}*") for word in ("SageMaker", "Sagemaker", "sagemaker", *words)]


_STUDIO = ("domain", "user-profile", "app", "space", "partner-app", "flow-definition", "training-plan")
_SERVICES = [
    *_each(
        "application-autoscaling",
        "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget DescribeScalableTargets "
        "DescribeScalingActivities DescribeScalingPolicies DescribeScheduledActions PutScalingPolicy "
        "PutScheduledAction RegisterScalableTarget",
    ),
    "cloudformation:GetTemplateSummary",
    *_each(
        "cloudwatch",
        "DeleteAlarms DescribeAlarms GetMetricData GetMetricStatistics ListMetrics PutMetricAlarm PutMetricData",
    ),
    *_each(
        "ec2",
        "CreateNetworkInterface CreateNetworkInterfacePermission CreateVpcEndpoint DeleteNetworkInterface "
        "DeleteNetworkInterfacePermission DescribeDhcpOptions DescribeNetworkInterfaces DescribeRouteTables "
        "DescribeSecurityGroups DescribeSubnets DescribeVpcEndpoints DescribeVpcs",
    ),
    *_each(
        "ecr",
        "BatchCheckLayerAvailability BatchGetImage CreateRepository Describe* GetAuthorizationToken "
        "GetDownloadUrlForLayer StartImageScan",
    ),
    *_each("elasticfilesystem", "DescribeFileSystems DescribeMountTargets"),
    "iam:ListRoles",
    *_each("kms", "DescribeKey ListAliases"),
    "lambda:ListFunctions",
    *_each(
        "logs",
        "CreateLogDelivery CreateLogGroup CreateLogStream DeleteLogDelivery Describe* GetLogDelivery GetLogEvents "
        "ListLogDeliveries PutLogEvents PutResourcePolicy UpdateLogDelivery",
    ),
    "secretsmanager:ListSecrets",
    "sns:ListTopics",
    "tag:GetResources",
]
_OBJECTS = "arn:aws:s3:::{}"
_FULL = [
    {
        "Effect": "Allow",
        "Action": ["sagemaker:*"],
        "NotResource": [f"arn:aws:sagemaker:*:*:{kind}/*" for kind in (*_STUDIO, "reserved-capacity")],
    },
    _allow(_SERVICES),
    _allow(
        _each(
            "ecr",
            "SetRepositoryPolicy CompleteLayerUpload BatchDeleteImage UploadLayerPart DeleteRepositoryPolicy "
            "InitiateLayerUpload DeleteRepository PutImage",
        ),
        ["arn:aws:ecr:*:*:repository/*sagemaker*"],
    ),
    _allow(
        _each("states", "DescribeExecution GetExecutionHistory StartExecution StopExecution UpdateStateMachine"),
        ["arn:aws:states:*:*:statemachine:*sagemaker*", "arn:aws:states:*:*:execution:*sagemaker*:*"],
    ),
    _allow(
        _each("secretsmanager", "DescribeSecret GetSecretValue CreateSecret"),
        ["arn:aws:secretsmanager:*:*:secret:AmazonSageMaker-*"],
    ),
    _allow(
        _each("secretsmanager", "DescribeSecret GetSecretValue"),
        Condition={"StringEquals": {"secretsmanager:ResourceTag/SageMaker": "true"}},
    ),
    _allow(_each("s3", "GetObject PutObject DeleteObject AbortMultipartUpload"), _named(_OBJECTS, "aws-glue")),
    _allow(
        ["s3:GetObject"],
        ["arn:aws:s3:::*"],
        Condition={"StringEqualsIgnoreCase": {"s3:ExistingObjectTag/SageMaker": "true"}},
    ),
    _allow(
        ["s3:GetObject"],
        ["arn:aws:s3:::*"],
        Condition={"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
    ),
    _allow(_each("s3", "CreateBucket GetBucketLocation ListBucket ListAllMyBuckets GetBucketCors PutBucketCors")),
    _allow(_each("s3", "GetBucketAcl PutObjectAcl"), _named(_OBJECTS)),
    _allow(["lambda:InvokeFunction"], _named("arn:aws:lambda:*:*:function:{}", "LabelingFunction")),
    _allow(
        ["iam:CreateServiceLinkedRole"],
        "arn:aws:iam::*:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
        Condition={"StringLike": {"iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}},
    ),
    _allow(_each("sns", "Subscribe CreateTopic Publish"), _named("arn:aws:sns:*:*:{}")),
    _allow(
        ["iam:PassRole"],
        "arn:aws:iam::*:role/*AmazonSageMaker*",
        Condition={"StringEquals": {"iam:PassedToService": ["glue.amazonaws.com", "states.amazonaws.com"]}},
    ),
    _allow(
        ["iam:PassRole"],
        "arn:aws:iam::*:role/*",
        Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    ),
]
_READ = [
    _allow(
        _each(
            "sagemaker",
            "Describe* List* BatchGetMetrics GetDeviceRegistration GetDeviceFleetReport GetSearchSuggestions "
            "BatchGetRecord GetRecord Search QueryLineage GetLineageGroupPolicy BatchDescribeModelPackage "
            "GetModelPackageGroupPolicy",
        )
    ),
    _allow(
        [
            *_each(
                "application-autoscaling",
                "DescribeScalableTargets DescribeScalingActivities DescribeScalingPolicies DescribeScheduledActions",
            ),
            "cloudwatch:DescribeAlarms",
            "ecr:Describe*",
        ]
    ),
]
POLICIES = {
    "AmazonSageMakerFullAccess": (_FULL, "Full access to SageMaker, and what it needs of other services."),
    "AmazonSageMakerReadOnly": (_READ, "Read access to SageMaker."),
}


def seed_managed_policies() -> None:
    """Put the policies that AWS manages into the account: MiniStack's, and these."""
    _seed()
    for name, (statements, description) in POLICIES.items():
        policy = {"Version": "2012-10-17", "Statement": statements}
        record = iam._make_aws_managed_record(name, json.dumps(policy), description)
        iam._aws_managed_policies[record["Arn"]] = record


seed_managed_policies()  # MiniStack has put in its own when it was imported
