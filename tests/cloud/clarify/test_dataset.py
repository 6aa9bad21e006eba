"""course/cloud/clarify/dataset.py"""

import json

import pytest

from course.cloud.clarify.analysis_config import ConfigError, parse
from course.cloud.clarify.dataset import load, read_csv

ROWS = b"0,25,x\n1,36,y\n"


def config(**more):
    methods = {"pre_training_bias": {"methods": "all"}}
    required = {"label_values_or_threshold": [1], "facet": [{"name_or_index": 1}], "label": 0}
    return parse(json.dumps({"dataset_type": "text/csv", "methods": methods, **required, **more}))


@pytest.mark.parametrize(
    ("content", "headers", "names"),
    [
        (b"fraud,age,city\n" + ROWS, None, ["fraud", "age", "city"]),
        (ROWS, None, ["column_0", "column_1", "column_2"]),
        (ROWS, ["a", "b", "c"], ["a", "b", "c"]),
        (b"a,b,c\n" + ROWS, ["a", "b", "c"], ["a", "b", "c"]),
    ],
)
def test_names_come_from_the_headers_or_the_first_row(content, headers, names):
    rows = read_csv([content], headers)
    assert list(rows.columns) == names
    assert rows.iloc[:, 1].tolist() == [25, 36]


def test_several_files_are_one_table():
    assert len(read_csv([ROWS, b"", ROWS], None)) == 4


@pytest.mark.parametrize(
    ("files", "headers", "message"),
    [
        ([], None, "The dataset is empty"),
        ([b"a,b\n"], None, "no rows"),
        ([ROWS], ["a", "b"], "Headers in config do not match with the number of columns in the dataset"),
        ([b"a,b\n1,2\n", b"a,c\n1,2\n"], None, "different columns"),
    ],
)
def test_what_is_no_table_is_refused(files, headers, message):
    with pytest.raises(ConfigError, match=message):
        read_csv(files, headers)


def test_features_are_all_but_label_identifier_prediction_and_what_is_excluded():
    content = b"id,fraud,age,city,p\n1,0,25,x,0\n2,1,36,y,1\n"
    settings = {"label": "fraud", "joinsource_name_or_index": "id", "predicted_label": "p", "excluded_columns": [3]}
    dataset = load(config(**settings), [content], None)
    assert dataset.features == ["age"]
    assert dataset.predicted.tolist() == [0, 1]


def test_predicted_labels_of_their_own_are_joined_by_the_identifier_or_by_order():
    content = b"id,fraud,age\n1,0,25\n2,1,36\n"
    uri = {"predicted_label_dataset_uri": "s3://b/p", "label": "fraud"}
    joined = load(config(**uri, joinsource_name_or_index="id"), [content], [b"id,predicted_label\n2,7\n1,5\n"])
    assert joined.predicted.tolist() == [5, 7]
    assert load(config(**uri), [content], [b"predicted_label\n5\n7\n"]).predicted.tolist() == [5, 7]
    with pytest.raises(ConfigError, match="has 1 rows, the dataset 2"):
        load(config(**uri), [content], [b"predicted_label\n5\n"])


@pytest.mark.parametrize("label", ["nothing", 3])
def test_a_column_that_is_not_there_is_named_with_its_field(label):
    with pytest.raises(ConfigError, match="Unable to locate the column of label"):
        load(config(label=label), [ROWS], None)
