"""Captured invocations and ground truth as SageMaker writes them (model-monitor-data-capture-endpoint)."""

import base64
import json
from pathlib import Path

FOLDER = "txguard/AllTraffic/2026/11/20/09"


def part(mode, data, encoding="CSV", content_type=None):
    """One payload. encoding BASE64 encodes the text."""
    content_type = content_type or {"JSON": "application/json"}.get(encoding, "text/csv; charset=utf-8")
    data = base64.b64encode(data.encode()).decode() if encoding == "BASE64" else data
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def captured(given=None, answer=None, encoding="CSV", event="e-1", time="2026-11-20T09:14:28Z", **more):
    """A record; given and answer are the payloads' texts, or parts."""
    data = {}
    if given is not None:
        data["endpointInput"] = given if isinstance(given, dict) else part("INPUT", given, encoding)
    if answer is not None:
        data["endpointOutput"] = answer if isinstance(answer, dict) else part("OUTPUT", answer, encoding)
    return {
        "captureData": data,
        "eventMetadata": {"eventId": event, "inferenceTime": time, **more},
        "eventVersion": "0",
    }


def label(event, text):
    return {
        "groundTruthData": {"data": text, "encoding": "CSV"},
        "eventMetadata": {"eventId": event},
        "eventVersion": "0",
    }


def write(path: Path, records) -> Path:
    """JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def read(path: Path):
    """JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_csv(path: Path, frame, header=True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, header=header)
    return path
