"""docs/operations.md: what the cloud runs itself, made from the table in course/cloud/operations.py."""

from pathlib import Path

from course.authoring.fault import Fault
from course.cloud.operations import OPERATIONS, Operation
from course.cloud.protocol import operation_model, service_model
from course.cloud.server import OURS

TARGET = Path("docs", "operations.md")
_HEAD = """# Operations that the cloud runs itself

This page is made by `course refresh` from `course/cloud/operations.py`. Every other service (S3, IAM, STS, KMS, Logs,
SNS, SQS, Lambda …) and CloudWatch's dashboards are answered by the base, MiniStack.

An operation or a parameter that is not listed here is refused by name. "No effect" means: accepted, checked against
the model, stored and described, but nothing in this cloud behaves differently for it.
"""


def table() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for service in dict.fromkeys(service for services in OURS.values() for service in services):
        rows = [operation for (name, _), operation in sorted(OPERATIONS.items()) if name == service]
        total = len(service_model(service).operation_names)
        parts.append(f"\n## {service}: {len(rows)} of {total} operations\n")
        if rows:
            parts.append("| operation | what it does | no effect | refused |\n|---|---|---|---|")
            parts.extend(_row(operation) for operation in rows)
    return "\n".join(parts) + "\n"


def _row(operation: Operation) -> str:
    shape = operation_model(operation.service, operation.name).input_shape
    members = list(shape.members) if shape else []
    unknown = [m for m in members if m not in operation.uses and m not in operation.no_effect]
    refused = [*unknown, *operation.refuses]
    cells = (
        operation.name,
        operation.note or _plain_note(operation.name),
        ", ".join(operation.no_effect),
        ", ".join(refused),
    )
    return "| " + " | ".join(cell or "-" for cell in cells) + " |"


def _plain_note(name: str) -> str:
    verb = "Describe" if name.startswith("Describe") else "List"
    kind = name.removeprefix(verb)
    return f"{verb} {kind}, as the model names it."


def run(root: Path, check: bool) -> list[Fault]:
    """Write the page below `root`, or, with `check`, say whether it is what the code gives."""
    path = root / TARGET
    text = table()
    if check:
        fresh = path.is_file() and path.read_text(encoding="utf-8") == text
        return [] if fresh else [Fault(str(TARGET), "", "derived", "is not what the code gives; run `course refresh`")]
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return []
