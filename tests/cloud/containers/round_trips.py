"""How many predictions a second go through a Worker and one model server; run by hand, not by pytest.

python tests/cloud/containers/round_trips.py [--uvloop]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from throughput import start

from course.cloud.containers.layout import prepare_serving
from course.cloud.worker import Worker

MODULE = "import joblib\ndef model_fn(model_dir):\n    return joblib.load(f'{model_dir}/model.joblib')\n"
SECONDS = 2.0


class Forked:
    """A forked model server, as much of a Process as a Worker needs."""

    def __init__(self, base: Path) -> None:
        self.pid, self.channel = start(base, profile=False)

    async def wait(self) -> int:
        await asyncio.Event().wait()
        return 0

    def kill(self) -> None:
        os.kill(self.pid, 9)


async def callers(worker: Worker, count: int, body: bytes) -> float:
    """Answers per second with ``count`` callers, each sending its next request when it has its answer."""
    until = time.perf_counter() + SECONDS

    async def call() -> int:
        done = 0
        while time.perf_counter() < until:
            status, _, _ = await worker.invoke(body, "text/csv", "application/json")
            assert status == 200
            done += 1
        return done

    return sum(await asyncio.gather(*(call() for _ in range(count)))) / SECONDS


async def main(process: Forked, numbers: np.ndarray) -> None:
    worker = Worker(process)
    assert await worker.ping()
    for count, rows in [(1, 1), (32, 1), (32, 1), (64, 1), (32, 100)]:
        body = "\n".join(",".join(f"{value:.6f}" for value in row) for row in numbers[:rows]).encode()
        rate = await callers(worker, count, body)
        print(f"{count:3} callers, {rows:3} rows a request: {rate:9,.0f} round trips/s, {rate * rows:9,.0f} rows/s")
    worker.close()


if __name__ == "__main__":
    numbers = np.random.default_rng(0).normal(size=(2000, 20))
    with tempfile.TemporaryDirectory() as folder:
        layout = prepare_serving(Path(folder))
        joblib.dump(LogisticRegression().fit(numbers, numbers[:, 0] > 0), layout.model / "model.joblib")
        (layout.code / "inference.py").write_text(MODULE)
        process = Forked(Path(folder))
        if "--uvloop" in sys.argv:
            import uvloop

            uvloop.run(main(process, numbers))
        else:
            asyncio.run(main(process, numbers))
        os.waitpid(process.pid, 0)
