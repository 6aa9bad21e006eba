"""What every Python kernel of `course lab` runs first (PYTHONSTARTUP), before any cell."""

try:
    from course.learn import missing as _missing

    _missing.tend()
    del _missing
except ImportError:  # a kernel of another environment, which has no course
    pass
