"""Attacks on the machine: processes, signals, memory, time, output, files, the network."""

# ruff: noqa: E501  # what a cell holds is easier to read in one line

from tests.attacks.attack import Attack

NOTHING = "\nanswer = 0\ndef f(*a): return 0"
LEFT = "98765.4321"  # seconds for which left-over processes of these attacks would sleep
FEW = {"process": {"processes": 30}}
BRIEF = {"cell_seconds": 1.5}

ATTACKS = {
    "sys.exit": Attack("answer = 0\ndef f(*a):\n    raise SystemExit(0)\nimport sys\nsys.exit(0)"),
    "os._exit": Attack("answer = 0\nimport os\nos._exit(0)"),
    "an end in a function": Attack("answer = 0\ndef f(*a):\n    import os\n    os._exit(0)"),
    "a crash of the interpreter": Attack("answer = 0\nimport ctypes\nctypes.string_at(1)"),
    "an end after each cell": Attack(
        "import os, threading\nthreading.Timer(.2, os._exit, (0,)).start()" + NOTHING,
        honest=1.0,  # each process after it ends as soon
    ),
    "a loop that ignores interrupts": Attack(
        "answer = 0\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass", limits=BRIEF
    ),
    "a loop in C": Attack("answer = 0\nsum(range(10 ** 15))", limits=BRIEF),
    "a function that sleeps": Attack(
        "import time\nanswer = 0\ndef f(*a): time.sleep(60)", limits={"cell_seconds": 0.5}
    ),
    "a process that is stopped": Attack(
        "import os, signal\nanswer = 0\nos.kill(os.getpid(), signal.SIGSTOP)", limits=BRIEF
    ),
    "signals to parents": Attack(
        "import os, signal\nfor pid in (os.getppid(), 1, 0, -1, -os.getpgrp()):\n    for s in (signal.SIGTERM, signal.SIGKILL):\n"
        "        if pid in (0, -1): continue\n        try: os.kill(pid, s)\n        except OSError: pass" + NOTHING
    ),
    "signals to everyone": Attack(
        "answer = 0\nimport os, signal\nos.kill(-1, signal.SIGKILL)\nos.killpg(0, signal.SIGKILL)"
    ),
    "left-over processes": Attack(
        "import os, subprocess\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n"
        f"            os.execvp('sleep', ['sleep', '{LEFT}'])\n        os._exit(0)\n"
        f"subprocess.Popen(['sleep', '{LEFT}'], start_new_session=True)" + NOTHING,
        limits=FEW,
    ),
    "a fork bomb": Attack(
        "import os\nanswer = 0\nfor _ in range(200):\n    try:\n        if os.fork() == 0:\n"
        f"            os.execvp('sleep', ['sleep', '{LEFT}'])\n    except OSError: pass",
        limits=FEW,
    ),
    "a copy that answers too": Attack(
        "import os\nanswer = 0\ndef f(*a): return 0\nif os.fork() == 0: pass", limits=FEW
    ),
    "ten gigabytes": Attack("answer = 0\nkept = bytearray(10 << 30)"),
    "ten gigabytes in a function": Attack("answer = 0\ndef f(*a): return bytearray(10 << 30)"),
    "a hundred megabytes as an answer": Attack("answer = 'x' * 100_000_000\ndef f(*a): return [0] * 20_000_000"),
    "a hundred megabytes of output": Attack(
        "import os\nprint('x' * 100_000_000)\nos.write(1, b'y' * 100_000_000)" + NOTHING, limits={"cell_seconds": 20.0}
    ),
    "output without end in a test": Attack(
        "answer = 0\ndef f(*a):\n    for _ in range(200): print('x' * 100_000)\n    return 0",
        limits={"cell_seconds": 10.0},
    ),
    "a full disk": Attack(
        "for folder in ('.', '/tmp'):\n    try:\n        with open(f'{folder}/large', 'wb') as out:\n"
        "            for _ in range(1000): out.write(b'0' * (1 << 20))\n    except OSError: pass" + NOTHING,
        limits={"process": {"folder_bytes": 8 << 20, "tmp_bytes": 8 << 20, "file_bytes": 4 << 20}},
    ),
    "every descriptor": Attack(
        "kept = []\ntry:\n    while True: kept.append(open('/dev/null'))\nexcept OSError: pass\nfor k in kept: k.close()"
        + NOTHING
    ),
    "a recursion without end": Attack(
        "import sys\nsys.setrecursionlimit(10 ** 9)\nanswer = 0\ndef f(*a): return f(*a)"
    ),
    "the gradebook": Attack(
        "import sqlite3, glob, os\nfor path in [os.environ.get('X', ''), *glob.glob('/tmp/**/gradebook.db', recursive=True), '../gradebook.db', '{gradebook}']:\n"
        "    try:\n        with sqlite3.connect(path) as book: book.execute('UPDATE grade SET auto_score = 9')\n        open(path, 'w').write('mine')\n"
        "    except Exception: pass" + NOTHING
    ),
    "files of the host": Attack(
        "import os, shutil\nfor path in ('{other}', '{gradebook}', '{source}'):\n    for act in (os.remove, shutil.rmtree, lambda p: open(p, 'w').close()):\n"
        "        try: act(path)\n        except Exception: pass" + NOTHING
    ),
    "tests on the disk, of others too": Attack(
        "import glob, os\nfound = []\nfor place in ('{source}', '{other}', '/tmp', '/proc', '/dev/shm', '/home', '/root', '/var'):\n"
        "    for path in [place, *glob.glob(place + '/**', recursive=True)][:5000]:\n        try:\n"
        "            if '{secret}'.replace('+', ' ') in open(path).read(1 << 20): found.append(path)\n        except Exception: pass\n"
        "answer = 42 if found else 0\ndef f(*a): return 0"
    ),
    "tests in history": Attack(
        "ip = get_ipython()\nfound = str(globals().get('In')) + str(ip.history_manager.input_hist_raw) + str(list(ip.history_manager.get_tail(50)))\n"
        "answer = 42 if '{secret}'.replace('+', ' ') in found else 0\ndef f(*a): return 0"
    ),
    "tests over the network": Attack(
        "import socket, urllib.request\ndef reached():\n    for host, port in (('127.0.0.1', {port}), ('{host}', {port}), ('8.8.8.8', 53), ('localhost', 4566)):\n"
        "        try:\n            socket.create_connection((host, port), 1).sendall(b'hello')\n            return True\n        except OSError: pass\n"
        "answer = 42 if reached() else 0\ndef f(*a): return 0"
    ),
    "other processes' secrets": Attack(
        "import glob\nfound = []\nfor path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n    try:\n"
        "        if b'{mark}' in open(path, 'rb').read(): found.append(path)\n    except OSError: pass\n"
        "answer = 42 if found else 0\ndef f(*a): return 0"
    ),
}
