"""The base: S3, IAM, STS, KMS, Logs, SNS, SQS, EventBridge, Lambda … answered by MiniStack.

These are the only files that know MiniStack. The rest of the cloud asks `Base` for four things: forward a request,
make a call in process, resolve a caller, decide what a caller may do. What MiniStack does badly is replaced by name
in REPLACEMENTS, each with a probe in tests/cloud/test_base.py.

adapter.py       Base: the way in
ministack.py     settings and imports, in the order that MiniStack needs
replacements.py  the list of what is replaced
measurements.py  what the base tells CloudWatch, which is not its own
authority.py     decisions: the condition keys, grants and messages that MiniStack's evaluator lacks
simulation.py    SimulateCustomPolicy and SimulatePrincipalPolicy
encryption.py    S3 with KMS: whose key, and who may use it
stored.py        what S3 holds, for the meter
delivery.py      EventBridge: events of AWS itself, targets, schedules
"""

from .adapter import Base, Credential, Session
from .replacements import REPLACEMENTS

__all__ = ["REPLACEMENTS", "Base", "Credential", "Session"]
