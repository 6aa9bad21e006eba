"""Attacks on replays: the copy of a process that runs in a hidden world, against the process that it was copied from."""

# ruff: noqa: E501  # what a cell holds is easier to read in one line

from tests.attacks.attack import Attack

# Right work asks in each world; an attack tries to carry something from one into the other. Who forges what its own
# process says loses the honest question after it.
ASKS = "import textwrap\nnumber = textwrap.number()\nanswer = 42\ndef f(x): return number + x"
ATTACKS = {
    "the copy kills what it was copied from": Attack(
        "import os, signal\nanswer = 0\nos.kill(os.getppid(), signal.SIGKILL)\ndef f(*a): return 0"
    ),
    "the copy does not end": Attack(
        "import os, time\nanswer = 0\ndef f(*a): return 0\nif not os.path.exists('seen'):\n    open('seen', 'w').close()\n    time.sleep(60)",
        limits={"cell_seconds": 1.0},
    ),
    "the copy ends": Attack(
        "import os\nanswer = 0\ndef f(*a): return 0\nif not os.path.exists('seen'):\n    open('seen', 'w').close()\n    os._exit(0)"
    ),
    "the copy leaves a process that speaks for it": Attack(
        "import gc, json, os, struct, time\nanswer = 0\ndef f(*a): return 0\nnb = next(o for o in gc.get_objects() if type(o).__name__ == 'Notebook')\n"
        "body = json.dumps({'answer': {'value': 1, 'values': {'answer': 1}}}).encode()\nif os.fork() == 0:\n"
        "    for _ in range(100):\n        nb.link.line.sendall(struct.pack('>I', len(body)) + body)\n        time.sleep(.01)\n    os._exit(0)",
        limits={"process": {"processes": 30}},
    ),
    "descriptors kept over a copy": Attack(
        "import os, socket, json, struct\nanswer = 0\ndef f(*a): return 0\nbody = json.dumps({'answer': {'value': 1}}).encode()\n"
        "for fd in range(3, 60):\n    try: os.write(fd, struct.pack('>I', len(body)) + body)\n    except OSError: pass",
        honest=1.0,
    ),
}
