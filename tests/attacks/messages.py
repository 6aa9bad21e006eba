"""Attacks on the line between the work and its examiner: what the work says there, forged."""

# ruff: noqa: E501  # what a cell holds is easier to read in one line

from tests.attacks.attack import Attack

NOTHING = "\nanswer = 0\ndef f(*a): return 0"
# The process's own end of the line: what a cell finds when it looks for it.
LINE = (
    "import gc, json, struct\n"
    "nb = next(o for o in gc.get_objects() if type(o).__name__ == 'Notebook')\n"
    "def say(message):\n    body = json.dumps(message).encode()\n    nb.link.line.sendall(struct.pack('>I', len(body)) + body)\n"
)


def _says(value: str, before: str = "", answer: str = "") -> str:
    """Whatever a test asks of `answer` or `f` is answered with the same value, packed as it says, or with an answer."""
    answer = answer or f"{{'value': {value}}}"
    return (
        f"{LINE}{before}\nanswer = 0\ndef f(*a): return 0\nfetch, perform = type(nb)._fetch, type(nb)._perform\n"
        "def lie(self, question):\n    if self.objects.get(question['id']) is not f: return perform(self, question)\n"
        f"    return {answer}\n"
        "def tell(self, question):\n    told = fetch(self, question)\n"
        f"    if 'answer' in told['values']: told['values']['answer'] = {value}\n    return told\n"
        "type(nb)._perform, type(nb)._fetch = lie, tell"
    )


ATTACKS = {
    "answers ahead of the questions": Attack(
        LINE + "for _ in range(50): say({'answer': {'value': 42, 'values': {'answer': 42}}})" + NOTHING,
        score=1.0,  # so it says that `answer` is 42, as `answer = 42` would; what else it is asked has no answer left
        honest=1.0,
    ),
    "frames that are none": Attack(LINE + "nb.link.line.sendall(b'\\xff' * 1000)" + NOTHING),
    "half a frame": Attack(LINE + "nb.link.line.sendall(b'\\0\\0\\1\\0abc')" + NOTHING, limits={"cell_seconds": 2.0}),
    "an answer of another type": Attack(_says("[[1]]")),
    "a tag that is none": Attack(_says("{'t': 'os.system', 'v': 'true'}")),
    "a pickle": Attack(_says("{'t': 'pickle', 'v': 'Y29zCnN5c3RlbQo='}")),
    "a function of the examiner's": Attack(_says("{'t': 'library', 'v': 'builtins:all'}")),
    "an object of the course's": Attack(_says("{'t': 'object', 'v': {'class': 'os:system', 'fields': {}}}")),
    "a file of the examiner's": Attack(_says("{'t': 'file', 'v': {'path': '/etc/passwd', 'text': True}}")),
    "a value too deep": Attack(_says("value", "value = 42\nfor _ in range(90): value = [value]")),
    "an integer of a million digits": Attack(_says("{'t': 'int', 'v': '9' * 1_000_000}")),
    "an array larger than it is": Attack(_says("{'t': 'array', 'v': ['<f8', [1 << 40], '']}")),
    "an array of objects as bytes": Attack(_says("{'t': 'array', 'v': ['|O', [1], 'AAAAAAAAAAA=']}")),
    "exceptions like a test's": Attack(
        _says("0", answer="{'raised': {'base': 'SystemExit', 'name': 'x', 'id': None, 'args': [0], 'text': ''}}")
    ),
    "changes to what a test handed over": Attack(
        _says("0", answer="{'value': 0, 'changed': {'0': [42], '__class__': 1, '99': 2}}")
    ),
    "questions in the place of answers": Attack(
        LINE
        + "def ask(self, q):\n    return self.link.ask({'do': 'stand in', 'module': 'os', 'name': 'system', 'args': ['true'], 'kwargs': {}})\n"
        "type(nb)._perform = ask" + NOTHING
    ),
    "questions without end": Attack(
        LINE + "def ask(self, q):\n    while True: self.link.ask({'do': 'call back', 'id': 1, 'args': []})\n"
        "type(nb)._perform = ask" + NOTHING,
        honest=1.0,  # a process that asks without end is ended, and the one after it is as it was
        limits={"cell_seconds": 0.5},
    ),
    "outputs in a test's place": Attack(
        LINE + "def shown(self, q):\n    for kind in ('execute_result', 'display_data'):\n"
        "        self.link.remark({'output_type': kind, 'data': {'text/plain': '1'}, 'metadata': {}, 'execution_count': 1})\n"
        "    self.link.remark({'output_type': 'clear'})\n    return {'value': 0}\ntype(nb)._perform = shown" + NOTHING
    ),
    "outputs from threads": Attack(
        "import threading, time\nfrom IPython.display import publish_display_data, clear_output\ndef forge():\n"
        "    for _ in range(300):\n        time.sleep(.01)\n        print(1)\n        clear_output()\n        publish_display_data({'text/plain': '1.0'})\n"
        "for _ in range(4): threading.Thread(target=forge, daemon=True).start()" + NOTHING
    ),
    "outputs that are none": Attack(
        LINE
        + "for said in (1, None, {'output_type': 'stream'}, {'output_type': 'error', 'ename': {}, 'traceback': 3},\n"
        "             {'output_type': 'display_data', 'data': {'text/plain': {'a': 1}, 'x': None}},\n"
        "             {'output_type': 'execute_result', 'data': {'text/plain': ['1']}, 'execution_count': 'x'},\n"
        "             {'output_type': 'stream', 'name': 'stdout', 'text': '\\ud800'}):\n    if isinstance(said, dict): say({'remark': said})"
        + NOTHING
    ),
}
