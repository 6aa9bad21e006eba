"""MiniStack as this cloud starts it: its settings are read when it is imported."""

import logging
import os

from .. import client

# AUTH makes it evaluate IAM; nothing may bind a port of its own.
os.environ.update(
    AUTH="true",
    AWS_ACCESS_KEY_ID=client.ROOT[0],
    AWS_SECRET_ACCESS_KEY=client.ROOT[1],
    BIND_HOST="127.0.0.1",
    IOT_MTLS_ENABLED="0",
    SFTP_ENABLED="0",
    LOG_LEVEL="CRITICAL",
    MINISTACK_ACCOUNT_ID=client.ACCOUNT,
    MINISTACK_REGION=client.REGION,
    PERSIST_STATE="0",
    S3_PERSIST="0",
)
os.environ.pop("AWS_SESSION_TOKEN", None)

from ministack import app
from ministack.core import iam_actions, iam_evaluator, responses, router, sigv4
from ministack.services import (  # imported before worlds are forked, so that they share the pages
    cloudwatch,
    cloudwatch_logs,
    ec2,
    eventbridge,
    iam,
    kms,
    s3,
    sns,
    sqs,
    sts,
)

logging.getLogger("ministack").setLevel(logging.CRITICAL)

__all__ = [
    "app",
    "cloudwatch",
    "cloudwatch_logs",
    "ec2",
    "eventbridge",
    "iam",
    "iam_actions",
    "iam_evaluator",
    "kms",
    "responses",
    "router",
    "s3",
    "sigv4",
    "sns",
    "sqs",
    "sts",
]
