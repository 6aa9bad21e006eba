"""The cloud's clock, as a notebook reads and moves it."""

from datetime import datetime, timedelta

from course.learn import world


def now() -> datetime:
    """The cloud's time, in UTC. It runs at real speed and is ahead by all that `advance` has skipped."""
    return datetime.fromisoformat(world.current().control("now")["now"])


def advance(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
    """Let that much time pass in the cloud at once. Whatever falls due on the way happens on the way."""
    step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if step <= timedelta(0):
        raise world.Told("Time only goes forward: advance(hours=24) moves the cloud's clock by a day.")
    world.current().control("advance", seconds=step.total_seconds())
    print(f"The cloud's clock has moved on by {_words(step)}.")


def _words(step: timedelta) -> str:
    """ "24 hours", "1.5 hours", "10 minutes", "30 seconds"."""
    seconds = step.total_seconds()
    size, unit = (3600, "hour") if seconds >= 3600 else (60, "minute") if seconds >= 60 else (1, "second")
    amount = f"{seconds / size:g}"
    return f"{amount} {unit}{'' if amount == '1' else 's'}"
