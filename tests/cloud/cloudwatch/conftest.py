"""CloudWatch as boto3 reaches it."""

from datetime import datetime

import pytest


@pytest.fixture(scope="module")
def metrics(cloud):
    return cloud.client("cloudwatch")


@pytest.fixture
def now(cloud):
    """What time it is in the cloud."""
    return lambda: datetime.fromisoformat(cloud.control("now")["now"])


@pytest.fixture
def to_full_minute(cloud, now):
    """Let the cloud's clock come to a full minute, and tell which."""

    def go():
        moment = now()
        cloud.control("advance", seconds=60.5 - moment.second - moment.microsecond / 1e6)
        return now().replace(second=0, microsecond=0)

    return go
