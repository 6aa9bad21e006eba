"""The fallback: what honest code meets there, and what it is kept from."""

import os
import socket
import sys
import tempfile
from pathlib import Path

import course
from course.runtime import guard
from course.runtime.sandbox import FIRST_ID, IDS

ROOT = Path(course.__file__).resolve().parents[1]


def test_paths_and_addresses_lead_to_the_real_ones(guarded):
    folder = guarded.folder()

    async def body():
        job = await guarded.start(
            """
            import os
            for name in ("SM_MODEL_DIR", "SAGEMAKER_BASE_DIR", "PLAIN", "AWS_ENDPOINT_URL"):
                print(os.environ[name])
            """,
            opt_ml=folder,
            cloud_port=45_678,
            environment={
                "SM_MODEL_DIR": "/opt/ml/model",
                "PLAIN": "/opt/mlx",
                "AWS_ENDPOINT_URL": "http://localhost:45678/x",
            },
        )
        lines = [line.decode() async for line in job.lines()]
        await job.wait()
        port = job.listener.getsockname()[1]
        job.close()
        return lines, port

    lines, port = guarded.do(body)
    assert lines == [f"{folder}/model", str(folder), "/opt/mlx", f"http://localhost:{port}/x"]


def test_no_address_but_the_clouds(guarded):
    with socket.create_server(("127.0.0.1", 0)) as outside:
        result = guarded.run(
            """
            import os, socket, urllib.parse
            def attempt(name, act):
                try:
                    act()
                    print(name)
                except OSError as error:
                    print(name, error.strerror)
            def connect(*address):
                with socket.socket() as sock:
                    sock.settimeout(5)
                    sock.connect(address)
            attempt("cloud", lambda: connect("127.0.0.1", urllib.parse.urlparse(os.environ["URL"]).port))
            attempt("host", lambda: connect("127.0.0.1", int(os.environ["OUTSIDE"])))
            attempt("internet", lambda: connect("1.1.1.1", 443))
            attempt("name", lambda: socket.create_connection(("example.com", 443)))
            attempt("datagram", lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("1.1.1.1", 53)))
            attempt("bind", lambda: socket.create_server(("0.0.0.0", 0)))
            """,
            cloud_port=45_678,
            environment={"OUTSIDE": str(outside.getsockname()[1]), "URL": "http://127.0.0.1:45678"},
        )
    assert result.lines == [
        "cloud",
        "host Connection refused",
        "internet Network is unreachable",
        "name Temporary failure in name resolution",
        "datagram Network is unreachable",
        "bind Permission denied (while attempting to bind on address ('0.0.0.0', 0))",
    ]


def test_the_courses_source_is_not_there(guarded):
    result = guarded.run(
        """
        import os
        root = os.environ["ROOT"]
        for act in (lambda: open(root + "/course/hidden/__init__.py"), lambda: __import__("course.hidden"),
                    lambda: os.listdir(root + "/tests"), lambda: open(root + "/tests/__init__.py")):
            try:
                act()
                print("reached")
            except (OSError, ImportError):
                pass
        """,
        environment={"ROOT": str(ROOT)},
    )
    assert (result.code, result.lines) == (0, [])


def test_signals_reach_only_the_job_itself(guarded):
    result = guarded.run(
        """
        import os, signal, subprocess
        child = subprocess.Popen(["sleep", "100"])
        child.kill()
        print(child.wait())
        for pid in (int(os.environ["SERVER"]), os.getppid(), -1):
            try:
                os.kill(pid, 0)
                print("reached", pid)
            except PermissionError:
                pass
        """,
        environment={"SERVER": str(os.getpid())},
    )
    assert result.lines == ["-9"]


def test_roots_jobs_get_an_id_of_their_own_where_it_can_reach_python(monkeypatch):
    for name, path in (("prefix", "/usr"), ("base_prefix", "/usr"), ("executable", "/usr/bin/python3")):
        monkeypatch.setattr(sys, name, path)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        (Path(folder) / "opt").mkdir()
        assert guard._own_id(f"{folder}/opt") is None  # only we may pass through the folder
        expected = None if os.geteuid() else FIRST_ID + os.getpid() % IDS
        assert guard._own_id(folder) == expected
