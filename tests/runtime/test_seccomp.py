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


def run(machine: str, number: int, argument: int = 0, audit: int | None = None) -> int:
    """Interpret the filter for one system call; returns its verdict."""
    own = seccomp._ARCHITECTURES[machine][1]
    data = {0: number, 4: own if audit is None else audit, 16: argument}
    steps = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    position, value = 0, 0
    while True:
        code, if_true, if_false, operand = steps[position]
        position += 1
        if code == 0x20:
            value = data[operand]
        elif code == 0x06:
            return operand
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
