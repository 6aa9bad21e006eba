"""The filter as a program; that it holds is shown in test_sandbox."""

import struct

import pytest

from course.runtime import seccomp


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_lands_inside(machine):
    code = seccomp.program(machine)
    steps = list(struct.iter_unpack("=HBBI", code))
    assert len(steps) < 256
    for position, (kind, if_true, if_false, _) in enumerate(steps):
        assert kind == 0x06 or position + 1 + max(if_true, if_false) < len(steps)
    assert steps[-1] == (0x06, 0, 0, 0x7FFF0000)


def run(
    machine: str, number: int, argument: int = 0, audit: int | None = None, second: int = 0, code: bytes | None = None
) -> int:
    """Interpret the filter for one system call; returns its verdict."""
    own = seccomp._ARCHITECTURES[machine][1]
    data = {0: number, 4: own if audit is None else audit, 16: argument, 24: second}
    steps = list(struct.iter_unpack("=HBBI", code or seccomp.program(machine)))
    position, value = 0, 0
    while True:
        code, if_true, if_false, operand = steps[position]
        position += 1
        if code == 0x20:
            value = data[operand]
        elif code == 0x06:
            return operand
        elif code == 0x54:
            value &= operand
        else:
            holds = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            position += if_true if holds else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_verdicts(machine):
    column = seccomp._ARCHITECTURES[machine][0]
    allow = 0x7FFF0000
    for entry in seccomp.REFUSED.values():
        assert run(machine, entry[column]) == 0x00050000 | entry[2]
    clone, sock = seccomp.CLONE[column], seccomp.SOCKET[column]
    assert run(machine, clone, 17) == allow
    assert run(machine, clone, 0x10000000 | 17) == 0x00050001
    assert [run(machine, sock, family) == allow for family in (1, 2, 10, 16, 17, 40)] == [True] * 4 + [False] * 2
    assert run(machine, 0) == allow
    assert run(machine, 0, audit=0x40000003) != allow  # 32-bit calls have other numbers


def test_unknown_machines_have_no_filter():
    assert seccomp.program("riscv64") is None


@pytest.mark.parametrize("signals", [False, True])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_what_is_refused_without_namespaces(machine, signals):
    code = seccomp.program_alone(machine, 77, signals=signals)
    column, allow = seccomp._ARCHITECTURES[machine][0], 0x7FFF0000
    steps = list(struct.iter_unpack("=HBBI", code))
    assert all(kind == 6 or here + 1 + max(yes, no) < len(steps) for here, (kind, yes, no, _) in enumerate(steps))
    for entry in seccomp.ALONE.values():
        assert not entry[column] or run(machine, entry[column], code=code) == 0x00050000 | entry[2]
    for entry in seccomp.SIGNALS.values():
        assert (run(machine, entry[column], code=code) == allow) != signals
    refused = 0x00050001
    pair, limit, signal = seccomp.SOCKETPAIR[column], seccomp.PRLIMIT[column], seccomp.TGKILL[column]
    assert [run(machine, pair, 1, second=kind, code=code) for kind in (1, 1 | 0o2000000, 2, 5)] == [allow] * 2 + [
        refused
    ] * 2
    assert [run(machine, limit, pid, code=code) for pid in (0, 1)] == [allow, refused]
    assert [run(machine, signal, pid, code=code) for pid in (77, 78)] == [allow, refused if signals else allow]
    assert run(machine, 0, code=code) == allow
