"""Predictions a second in one run: through InvokeEndpoint, through MLServer, and scikit-learn in a bare loop."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import joblib

from .figures import Figure
from .setting import Cloud, cloud, cpu_seconds, descendants, model_and_rows, parents, private_megabytes

CONNECTIONS, SECONDS = 32, 6
MLSERVER = Path(__file__).parents[1] / "build" / "mlserver"


def measure() -> list[Figure]:
    """Needs wrk; the comparison needs MLServer in build/mlserver (`make bench` puts it there)."""
    if not shutil.which("wrk"):
        sys.exit("bench: this measure needs wrk (apt-get install wrk).")
    model, rows = model_and_rows()
    loop = _bare_loop(model, rows)
    with parents() as started, cloud(started) as here:
        jobs = started.pid("job")
        before = descendants(jobs)
        here.deploy("one")
        one = descendants(jobs) - before
        idle = private_megabytes(one)
        here.deploy("eight", variants=8)
        single, p99, *single_cost = _load(here, "one", _csv(rows[:1]), one)
        eight, _, *eight_cost = _load(here, "eight", _csv(rows[:1]), descendants(jobs) - before - one)
        hundred, _ = _wrk(*here.invocation("one", _csv(rows[:100])), _csv(rows[:100]))
    figures = [
        Figure("bare loop of `predict`, one row at a time", loop, "/s", "", "no server, no network"),
        Figure(
            "single-row predictions through InvokeEndpoint",
            single,
            "/s",
            ">= 3000",
            f"signed, IAM on, {CONNECTIONS} connections, p99 {p99}",
        ),
        Figure("the same, spread over eight variants", eight, "/s"),
        Figure("… as a share of one variant's", eight / single, "x"),
        Figure("… against the bare loop", single / loop, "x"),
        Figure("processor time of the cloud for one request", single_cost[0], "ms"),
        Figure("… with eight variants, against one", eight_cost[0] / single_cost[0], "x", "<= 1.4"),
        Figure(
            "processor time of the containers likewise, eight variants against one",
            eight_cost[1] / single_cost[1],
            "x",
            "",
            "`predict` takes as long for one row as for eight, and eight containers find fewer rows waiting",
        ),
        Figure("private memory of an idle endpoint", idle, "MB", "<= 30", "one instance, all its processes"),
        Figure("rows in 100-row bodies", hundred * 100, "/s", ">= 100000"),
    ]
    if (MLSERVER / "bin" / "mlserver").exists():
        with _mlserver(model) as url:
            body = json.dumps(
                {"inputs": [{"name": "x", "shape": [1, 20], "datatype": "FP64", "data": rows[:1].tolist()}]}
            )
            rate, _ = _wrk(url, {"Content-Type": "application/json"}, body)
        figures.append(Figure("MLServer 1.7.1, one process", rate, "/s", "", "unsigned, one process"))
        figures.append(Figure("InvokeEndpoint against MLServer", single / rate, "x", ">= 4"))
    return figures


def _load(here: Cloud, endpoint: str, body: str, containers: set[int]) -> tuple[float, str, float, float]:
    """What `_wrk` gives, and the processor time in ms for one request: of the cloud, of the containers."""
    before = cpu_seconds({here.pid}), cpu_seconds(containers)
    rate, p99 = _wrk(*here.invocation(endpoint, body), body)
    after = cpu_seconds({here.pid}), cpu_seconds(containers)
    return rate, p99, *((b - a) * 1000 / (rate * SECONDS) for a, b in zip(before, after, strict=True))


def _csv(rows) -> str:
    return "\n".join(",".join(f"{value:.4f}" for value in row) for row in rows)


def _bare_loop(model, rows) -> float:
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < 2:
        model.predict(rows[count % 500 : count % 500 + 1])
        count += 1
    return count / 2


def _wrk(url: str, headers: dict[str, str], body: str) -> tuple[float, str]:
    """(requests a second, 99th percentile). Fails if any answer was not 2xx."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f'wrk.method = "POST"\nwrk.body = [==[{body}]==]\n')
        script.writelines(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}\n" for k, v in headers.items())
        script.flush()
        out = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", script.name, url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), re.search(r"99%\s+(\S+)", out)[1]


@contextlib.contextmanager
def _mlserver(model) -> Iterator[str]:
    """MLServer serving the same model in its own process (no inference pool); its Python has the same scikit-learn."""
    with tempfile.TemporaryDirectory() as folder:
        ports = [_free_port() for _ in range(3)]
        joblib.dump(model, f"{folder}/model.joblib")
        Path(folder, "settings.json").write_text(
            json.dumps(
                {
                    "host": "127.0.0.1",
                    "http_port": ports[0],
                    "grpc_port": ports[1],
                    "metrics_port": ports[2],
                    "parallel_workers": 0,
                    "debug": False,
                }
            )
        )
        Path(folder, "model-settings.json").write_text(
            json.dumps(
                {
                    "name": "m",
                    "implementation": "mlserver_sklearn.SKLearnModel",
                    "parameters": {"uri": f"{folder}/model.joblib"},
                }
            )
        )
        process = subprocess.Popen(
            [MLSERVER / "bin" / "mlserver", "start", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        url = f"http://127.0.0.1:{ports[0]}/v2/models/m"
        try:
            _until_ready(f"{url}/ready")
            yield f"{url}/infer"
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.1)  # another project's server: it offers nothing to wait on
    raise RuntimeError("MLServer did not become ready within a minute.")
