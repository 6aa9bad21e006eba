"""What MiniStack does that a cloud of this kind must not, by name: each has a probe in the tests."""

import importlib
from collections.abc import Callable
from typing import Any

from . import authority, ciphertext, delivery, encryption, managed_policies, measurements, simulation

REPLACEMENTS: dict[str, Callable[..., Any]] = {
    # Callers are authenticated once, in front (signature.py): MiniStack checks the age of a signature against its own
    # clock alone, lets unsigned S3 requests in as root, and never verifies the root key.
    "ministack.core.iam_evaluator.authenticate": lambda access_key_id, account_id: None,
    # Every call reaches this cloud over plain loopback, which stands for TLS: MiniStack would see none of it secure.
    "ministack.app.pin_request_origin": authority.pin_request_origin,
    # MiniStack knows neither the VPC endpoint that a request came through nor KMS grants.
    "ministack.core.iam_evaluator.enforce": authority.enforce,
    # MiniStack has no s3:x-amz-server-side-encryption-aws-kms-key-id.
    "ministack.core.iam_actions.s3_service_context": authority.s3_service_context,
    # Most of MiniStack's refusals do not name the resource.
    "ministack.core.iam_actions.access_denied_response": authority.access_denied_response,
    # MiniStack's simulator ignores ContextEntries, resource policies and every resource but the first.
    "ministack.services.iam._simulate_custom_policy": simulation.simulate_custom_policy,
    "ministack.services.iam._simulate_principal_policy": simulation.simulate_principal_policy,
    "ministack.core.iam_evaluator._resolve_condition_key": simulation.resolve_condition_key,
    # MiniStack takes any key for SSE-KMS, refuses SSE-KMS without a key, and hides the default encryption.
    "ministack.services.s3._resolve_sse_write_headers": encryption.resolve_write_headers,
    # MiniStack has no key that AWS manages.
    "ministack.services.kms._key_metadata": encryption.key_metadata,
    # MiniStack's ciphertext is an exclusive or: whoever changes a blob changes the plaintext, and nobody notices.
    "ministack.services.kms._encrypt": ciphertext.encrypt,
    "ministack.services.kms._decrypt": ciphertext.decrypt,
    "ministack.services.kms._generate_data_key_common": ciphertext.data_key,
    "ministack.services.kms._generate_data_key_pair_common": ciphertext.data_key_pair,
    # MiniStack lets whoever may read the object read it, whatever the key's policy says.
    "ministack.services.s3._check_sse_read_headers": encryption.check_read_headers,
    # MiniStack delivers to queues and functions whose policies do not let EventBridge in, and knows no pipelines.
    "ministack.services.eventbridge._invoke_target": delivery.invoke_target,
    # MiniStack has none of the policies that AWS manages for SageMaker.
    "ministack.services.iam._seed_aws_managed_policies": managed_policies.seed_managed_policies,
    # CloudWatch is not the base's (course/cloud/cloudwatch): what MiniStack's functions measure goes there …
    "ministack.services.cloudwatch.record_metric": measurements.record_metric,
    # … and so do the alarms of CloudFormation's stacks: MiniStack's ignore dimensions, periods and missing data.
    "ministack.services.cloudwatch.cloudformation_put_metric_alarm": measurements.put_alarm,
    "ministack.services.cloudwatch.cloudformation_delete_metric_alarm": measurements.delete_alarm,
}


def _put_in_place(path: str, replacement: Callable[..., Any]) -> None:
    """Bind the replacement to its name, and in the module's tables that hold the original."""
    module_name, _, name = path.rpartition(".")
    module = importlib.import_module(module_name)
    original = getattr(module, name)
    setattr(module, name, replacement)
    for table in [value for value in vars(module).values() if isinstance(value, dict)]:
        for key, value in list(table.items()):
            if value is original:
                table[key] = replacement


for _path, _replacement in REPLACEMENTS.items():
    _put_in_place(_path, _replacement)
