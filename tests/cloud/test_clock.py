"""Time belongs to the cloud: real speed, jumps forward, everything due on the way is done in order."""

import asyncio
import time

import pytest

from course.cloud.clock import Clock, Traveller, real_time


def run(coroutine):
    return asyncio.run(coroutine)


def test_a_clock_runs_at_real_speed_from_now():
    clock = Clock()
    assert abs(clock.time() - real_time()) < 1


def test_start_sets_it_ahead():
    start = real_time() + 1_000_000
    assert abs(Clock(start).time() - start) < 1


def test_advance_does_what_falls_due_in_order():
    async def scene():
        clock, seen = Clock(), []
        begin = clock.time()

        def note(name):
            async def act():
                seen.append((name, round(clock.time() - begin)))

            return act

        clock.at(begin + 7200, note("second"), "second")
        clock.at(begin + 3600, note("first"), "first")
        clock.at(begin + 10_000, note("later"), "later")
        done = await clock.advance(7200)
        return done, seen, clock.time() - begin

    done, seen, passed = run(scene())
    assert done == ["first", "second"]
    assert seen == [("first", 3600), ("second", 7200)]
    assert 7200 <= passed < 7201


def test_what_is_done_may_schedule_more_within_the_jump():
    async def scene():
        clock, seen = Clock(), []

        async def hourly():
            seen.append(1)
            clock.at(clock.time() + 3600, hourly)

        clock.at(clock.time() + 3600, hourly)
        await clock.advance(86_400)
        return len(seen)

    assert run(scene()) in (23, 24)  # a moment passes between two readings of the clock


@pytest.mark.parametrize("seconds", [-1, float("nan"), 400 * 86_400])
def test_time_never_goes_back(seconds):
    with pytest.raises(ValueError, match="never goes back"):
        run(Clock().advance(seconds))


def test_run_does_what_falls_due_by_itself():
    async def scene():
        clock, done = Clock(), asyncio.Event()

        async def act():
            done.set()

        runner = asyncio.ensure_future(clock.run())
        await asyncio.sleep(0)
        clock.at(clock.time() + 0.01, act)
        await asyncio.wait_for(done.wait(), 5)
        runner.cancel()
        return True

    assert run(scene())


def test_a_traveller_moves_the_process_with_the_cloud():
    async def scene():
        clock = Clock(on_jump=traveller)
        await clock.advance(86_400)
        first = time.time() - real_time()
        await clock.advance(86_400)
        return first, time.time() - real_time(), clock.time() - time.time()

    traveller = Traveller()
    try:
        first, second, apart = run(scene())
    finally:
        traveller.stop()
    assert first == pytest.approx(86_400, abs=1)
    assert second == pytest.approx(2 * 86_400, abs=1)
    assert apart == pytest.approx(0, abs=1)
