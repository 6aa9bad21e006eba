"""course/cloud/cloudwatch/metric_math.py"""

import pytest

from course.cloud.cloudwatch.metric_math import Context, evaluate, parse
from course.cloud.errors import CloudError

M1 = {0: 1.0, 60: 2.0, 120: 4.0}
M2 = {0: 10.0, 120: 0.0}
SERIES = {"m1": M1, "m2": M2, "empty": {}}


def value(expression):
    context = Context(SERIES.__getitem__, lambda: {"m1": M1, "m2": M2}, lambda name: 60, (0, 60, 120, 180))
    return evaluate(parse(expression), context)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("10 - 4 - 3", 3),
        ("1e3 / .5", 2000),
        ("m1 * 100", {0: 100, 60: 200, 120: 400}),
        ("m1 + m2", {0: 11, 120: 4}),
        ("m1 / m2", {0: 0.1}),
        ("100 - 100 * m2 / m1", {0: -900, 120: 100}),
        ("m1 > 1", {0: 0, 60: 1, 120: 1}),
        ("m1 >= 2 AND m1 < 4", {0: 0, 60: 1, 120: 0}),
        ("m1 == 1 || m1 == 4", {0: 1, 60: 0, 120: 1}),
        ("SUM(m1)", 7),
        ("AVG(m2)", 5),
        ("MAX(m1) - MIN(m1)", 3),
        ("SUM([m1, m2])", {0: 11, 60: 2, 120: 4}),
        ("SUM(METRICS())", {0: 11, 60: 2, 120: 4}),
        ('MAX(METRICS("2"))', {0: 10, 120: 0}),
        ("AVG([m1, m2])", {0: 5.5, 60: 2, 120: 2}),
        ("STDDEV(m2)", 5),
        ("METRIC_COUNT(METRICS())", 2),
        ("FILL(m2, 7)", {0: 10, 60: 7, 120: 0, 180: 7}),
        ("FILL(m2, REPEAT)", {0: 10, 60: 10, 120: 0, 180: 0}),
        ("FILL(m2, LINEAR)", {0: 10, 60: 5, 120: 0}),
        ("FILL(empty, 0)", {0: 0, 60: 0, 120: 0, 180: 0}),
        ("IF(m1 > 1, m1, 0)", {0: 0, 60: 2, 120: 4}),
        ("IF(m1 > 1, m2, m1)", {0: 1, 120: 0}),
        ("IF(m1 > 1, 5)", {60: 5, 120: 5}),
        ("DIFF(m1)", {60: 1, 120: 2}),
        ("RATE(m1) * 60", {60: 1, 120: 2}),
        ("RATE(m2) * 120", {120: -10}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 120: 7}),
        ("m1 / PERIOD(m1)", {0: 1 / 60, 60: 2 / 60, 120: 4 / 60}),
        ("ABS(-3)", 3),
        ("CEIL(m1 / 3)", {0: 1, 60: 1, 120: 2}),
        ("FLOOR(m1 / 3)", {0: 0, 60: 0, 120: 1}),
        ("LOG10(m2)", {0: 1}),
        ("TIME_SERIES(3)", {0: 3, 60: 3, 120: 3, 180: 3}),
        ("METRICS() * 2", [{0: 2, 60: 4, 120: 8}, {0: 20, 120: 0}]),
    ],
)
def test_expressions(expression, result):
    assert value(expression) == pytest.approx(result) if isinstance(result, dict) else value(expression) == result


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("m1 +", "unexpected end"),
        ("m1 m2", "unexpected 'm2'"),
        ("(m1", "unexpected end"),
        ("m1 # 2", "unexpected '#'"),
        ("NOSUCH(m1)", "unknown function 'NOSUCH'"),
        ("SUM(m1, m2)", "SUM has other parameters"),
        ("SEARCH('x', 'Sum', 60)", "does not support the function SEARCH"),
        ("ANOMALY_DETECTION_BAND(m1)", "does not support the function ANOMALY_DETECTION_BAND"),
        ("m1 + 'text'", "does not count with text"),
    ],
)
def test_what_is_no_expression(expression, words):
    with pytest.raises(CloudError, match=words):
        value(expression)
