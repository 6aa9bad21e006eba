"""DataProcessing and inference ids: the developer guide's published examples, and what lies around them.

The pages: "Associate Prediction Results with Input Records" (batch-transform-data-processing) and "Capture data from
batch transform job" (model-monitor-data-capture-batch).
"""

import json
import re

import pytest
from botocore.exceptions import ClientError

from course.cloud.sagemaker.transform_path import InvalidPath, Path
from course.cloud.sagemaker.transform_payload import BadObject
from course.cloud.sagemaker.transform_record import CSV, JSON, LINES, Processing

from .batches import COUNT, SUM

ROW = ["a", "b", "c", "d", "e", "f"]


def processing(
    content_type, accept=None, *, input_filter="$", join="None", output_filter="$", split="Line", stamp=False
):
    return Processing.of(
        {
            "TransformInput": {"ContentType": content_type, "SplitType": split},
            "TransformOutput": {"Accept": accept or content_type},
            "DataProcessing": {"InputFilter": input_filter, "JoinSource": join, "OutputFilter": output_filter},
            "DataCaptureConfig": {"GenerateInferenceId": stamp},
        }
    )


def never():
    raise AssertionError("no inference id was asked for")


@pytest.mark.parametrize(
    ("path", "found"),
    [  # the guide's table of operators, on an object and on a row
        ("$", {"id": {"x": 1, "y": 2}, "SageMakerOutput": [5, 6]}),
        ("$.id", {"x": 1, "y": 2}),
        ("$.id.*", [1, 2]),
        ("$['id','SageMakerOutput']", {"id": {"x": 1, "y": 2}, "SageMakerOutput": [5, 6]}),
        ("$['SageMakerOutput']", [5, 6]),
        ("$.id.['x','y']", {"x": 1, "y": 2}),
        ("$.SageMakerOutput[-1]", 6),
    ],
)
def test_the_operators_of_the_guides_table_on_an_object(path, found):
    assert Path.read(path).find({"id": {"x": 1, "y": 2}, "SageMakerOutput": [5, 6]}) == found


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("$[1]", "b"),
        ("$[1,3,5]", "bdf"),
        ("$[-1]", "f"),
        ("$[0,-1]", "af"),
        ("$[2:5]", "cde"),  # ends before 5, as the table's slice() does
        ("$[:5]", "abcde"),
        ("$[2:]", "cdef"),
        ("$[:-1]", "abcde"),
        ("$[*]", "abcdef"),
        (" $[ 0 , 2 ]", "ac"),
        ("$[7:]", ""),
    ],
)
def test_the_operators_of_the_guides_table_on_a_row(path, columns):
    assert Path.read(path).columns(ROW) == list(columns)


def test_a_path_goes_on_below_each_thing_that_was_found():
    records = {"rows": [{"x": 1}, {"x": 2}, {"x": 3}]}
    assert Path.read("$.rows[1:].x").find(records) == [2, 3]
    assert Path.read("$.rows[*].x").find(records) == [1, 2, 3]
    assert Path.read("$.rows[0,2].x").find(records) == [1, 3]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "$[0:2,246:]",
            "Invalid JsonPath: $[0:2,246:]: only single range filters of format (eg: [1:5]) are supported. "
            "Format [0:2,246:] is not supported",
        ),
        ("id", "Invalid JsonPath: id: a path begins with $"),
        ("$[1", 'Invalid JsonPath: $[1: "[1" is not understood'),
        ("$..id", 'Invalid JsonPath: $..id: "..id" is not understood'),
    ],
)
def test_what_is_no_path(path, message):
    with pytest.raises(InvalidPath, match=re.escape(message)):
        Path.read(path)


@pytest.mark.parametrize(
    ("path", "value"), [("$[6]", ROW), ("$[-7]", ROW), ("$.id", ROW), ("$.id", {}), ("$[0]", "text")]
)
def test_a_path_that_leads_nowhere(path, value):
    with pytest.raises(InvalidPath, match="the record has nothing there"):
        Path.read(path).find(value)


def test_the_guides_default_puts_out_the_inferences_alone():
    plain = processing(CSV)
    assert plain.request(b"1,2,3\n") == b"1,2,3\n"
    assert plain.result(b"1,2,3\n", b"1\n", never) == b"1\n"
    assert not plain.changes_output


def test_the_guides_join_of_csv():
    """The record is [1,2,3] and the label [1]: the output file has [1,2,3,1]."""
    assert processing(CSV, join="Input").result(b"1,2,3\n", b"1\n", never) == b"1,2,3,1\n"


@pytest.mark.parametrize("kind", [JSON, LINES])
def test_the_guides_join_of_json(kind):
    """{"key":1} and {"label":1} give {"key":1,"SageMakerOutput":{"label":1}}."""
    joined = processing(kind, join="Input").result(b'{"key":1}', b'{"label":1}', never)
    assert json.loads(joined) == {"key": 1, "SageMakerOutput": {"label": 1}}


def test_what_is_no_json_object_becomes_sagemakerinput():
    joined = processing(LINES, join="Input").result(b"[1,2]\n3\n", b'{"label":1}\n{"label":2}\n', never)
    assert [json.loads(line) for line in joined.splitlines()] == [
        {"SageMakerInput": [1, 2], "SageMakerOutput": {"label": 1}},
        {"SageMakerInput": 3, "SageMakerOutput": {"label": 2}},
    ]


def test_the_guides_id_column():
    """Five columns, the first of them the id: it does not go to the model, and stands before the label."""
    guide = processing(CSV, input_filter="$[1:]", join="Input")
    assert guide.request(b"id1,1,2,3,4\nid2,5,6,7,8\n") == b"1,2,3,4\n5,6,7,8\n"
    assert guide.result(b"id1,1,2,3,4\nid2,5,6,7,8\n", b"1\n0\n", never) == b"id1,1,2,3,4,1\nid2,5,6,7,8,0\n"
    kept = processing(CSV, input_filter="$[1:]", join="Input", output_filter="$[0,-1]")
    assert kept.result(b"id1,1,2,3,4\nid2,5,6,7,8", b"1\n0\n", never) == b"id1,1\nid2,0\n"


def test_the_guides_id_attribute():
    guide = processing(LINES, input_filter="$.features", join="Input", output_filter="$['id','SageMakerOutput']")
    records = b'{"id":7,"features":[1,2]}\n{"id":8,"features":[3,4]}\n'
    assert guide.request(records) == b"[1,2]\n[3,4]\n"
    joined = [json.loads(line) for line in guide.result(records, b'{"label":1}\n{"label":0}\n', never).splitlines()]
    assert joined == [{"id": 7, "SageMakerOutput": {"label": 1}}, {"id": 8, "SageMakerOutput": {"label": 0}}]


def test_a_whole_json_file_is_one_record():
    whole = processing(JSON, input_filter="$.features", join="Input", output_filter="$.SageMakerOutput", split="None")
    record = b'{\n "id": 7,\n "features": [1,\n 2]\n}'
    assert whole.request(record) == b"[1,2]"
    assert whole.result(record, b'{"label": 1}', never) == b'{"label":1}'


def test_inference_ids_are_the_last_two_columns_or_two_attributes():
    """The guide's example of output with GenerateInferenceId."""
    marks = iter([("1f1d57b1", "2022-08-30T00:49:15Z"), ("22445434", "2022-08-30T00:49:15Z")])
    stamped = processing(CSV, stamp=True).result(b"", b"0\n1\n", lambda: next(marks))
    assert stamped == b"0,1f1d57b1,2022-08-30T00:49:15Z\n1,22445434,2022-08-30T00:49:15Z\n"
    mark = lambda: ("1f1d57b1", "2022-08-30T00:49:15Z")  # noqa: E731 as short as what it stands for
    document = json.loads(processing(LINES, stamp=True).result(b"", b'{"output": 0}\n', mark))
    assert document == {
        "output": 0,
        "SageMakerInferenceId": "1f1d57b1",
        "SageMakerInferenceTime": "2022-08-30T00:49:15Z",
    }


def test_quotes_and_carriage_returns_are_those_of_rfc_4180():
    quoted = processing(CSV, input_filter="$[1:]", join="Input", output_filter="$[0,-1]")
    rows = b'"Smith, J ""the id""",1,2\r\nplain,3,4\r\n'
    assert quoted.request(rows) == b"1,2\n3,4\n"
    assert quoted.result(rows, b"1\n0\n", never) == b'"Smith, J ""the id""",1\nplain,0\n'
    assert processing(CSV, input_filter="$[1:]").request(b"a,1\r\nb,2\r\n") == b"1\n2\n"


@pytest.mark.parametrize(
    ("kind", "payload", "answer", "message"),
    [
        (CSV, b"1\n2\n", b"1\n", "Fail to join data: mismatched line count"),
        (CSV, b"1\n", b"1\n2\n", "Fail to join data: mismatched line count"),
        (LINES, b"1\n2\n", b"1\n", "Fail to join data: mismatched line count"),
        (LINES, b"{\n", b"1\n", "Failed to parse line: '{' as JSON"),
        (LINES, b"1\n", b"one\n", "Failed to parse output from the algorithm: 'one' as JSON"),
        (CSV, b'a"b,"c\n', b"1\n", "Failed to parse line"),
        (CSV, b"\xff\n", b"1\n", "Failed to parse the data as UTF-8"),
    ],
)
def test_what_cannot_be_joined_is_a_bad_record(kind, payload, answer, message):
    with pytest.raises(BadObject, match=message):
        processing(kind, join="Input").result(payload, answer, never)


@pytest.fixture(scope="module")
def add(batches):
    return batches.model("sum", SUM)


def test_a_job_keeps_the_id_that_its_model_never_sees(batches, add):
    chosen = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    rows = "".join(f"tx-{number},{number},1\n" for number in range(5000))
    done = batches.run("ids", add, {"a.csv": rows}, DataProcessing=chosen)
    assert done["TransformJobStatus"] == "Completed" and done["DataProcessing"] == chosen
    assert batches.output("ids")["a.csv.out"] == "".join(f"tx-{number},{number + 1.0}\n" for number in range(5000))


def test_an_index_outside_of_the_joined_data_fails_the_job(batches, add):
    chosen = {"JoinSource": "Input", "OutputFilter": "$[9]"}
    done = batches.run("outside", add, {"a.csv": "1,2\n"}, DataProcessing=chosen)
    assert done["FailureReason"] == "ClientError: See job logs for more information"
    assert "lab/in/outside/a.csv: Invalid JsonPath: $[9]: the record has nothing there" in batches.log("outside")


def test_two_ranges_fail_the_job(batches, add):
    done = batches.run("ranges", add, {"a.csv": "1,2\n"}, DataProcessing={"InputFilter": "$[0:2,4:]"})
    assert done["FailureReason"] == "ClientError: See job logs for more information"
    assert "only single range filters" in batches.log("ranges")


def test_json_documents_are_joined_one_by_one(batches):
    model = batches.model("count", COUNT)
    lines = {"ContentType": LINES}, {"Accept": LINES}
    chosen = {"InputFilter": "$.features", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    records = '{"id":1,"features":[1,2,3]}\n{"id":2,"features":[]}\n'
    batches.run(
        "lines", model, {"a": records}, TransformInput=lines[0], TransformOutput=lines[1], DataProcessing=chosen
    )
    expected = [{"id": 1, "SageMakerOutput": {"label": 3}}, {"id": 2, "SageMakerOutput": {"label": 0}}]
    assert [json.loads(line) for line in batches.output("lines")["a.out"].splitlines()] == expected
    one = {"ContentType": JSON, "SplitType": "None"}, {"Accept": JSON, "AssembleWith": "None"}
    batches.run(
        "one",
        model,
        {"a": '{"id":1}'},
        TransformInput=one[0],
        TransformOutput=one[1],
        DataProcessing={"JoinSource": "Input"},
    )
    assert json.loads(batches.output("one")["a.out"]) == {"id": 1, "SageMakerOutput": {"label": 1}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {
                "TransformInput": {"ContentType": LINES},
                "TransformOutput": {"Accept": LINES},
                "DataProcessing": {"JoinSource": "Input", "OutputFilter": "$['account_id','SageMakerOutput']"},
            },
            re.escape(
                "Invalid OutputFilter: \"$['account_id','SageMakerOutput']\". Unexpected \"_\" in JsonPath. Supported "
                'operators for "application/jsonlines" are ['
            ),
        ),
        ({"DataProcessing": {"InputFilter": "$.id"}}, 'Unexpected "." in JsonPath. Supported operators for "text/csv"'),
        ({"TransformInput": {"SplitType": "None"}, "DataProcessing": {"InputFilter": "$[1:]"}}, "needs SplitType Line"),
        (
            {"TransformOutput": {"AssembleWith": "None"}, "DataProcessing": {"OutputFilter": "$[1:]"}},
            "needs AssembleWith Line",
        ),
        (
            {"TransformInput": {"ContentType": "image/png"}, "DataProcessing": {"JoinSource": "Input"}},
            "need ContentType to be one of text/csv, application/json, application/jsonlines, but it is 'image/png'",
        ),
        ({"TransformOutput": {"Accept": "x/y"}, "DataProcessing": {"JoinSource": "Input"}}, "need Accept to be one of"),
        ({"TransformOutput": {"Accept": JSON}, "DataProcessing": {"JoinSource": "Input"}}, "cannot join"),
        ({"DataProcessing": {"InputFilter": "$" + "[0]" * 21}}, "nputFilter"),
    ],
)
def test_data_processing_that_does_not_go_together_is_refused(batches, add, change, message):
    with pytest.raises(ClientError, match=message):
        batches.create("wrong", add, {}, **change)
