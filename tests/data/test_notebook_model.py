"""The model nobody may improve: a script-mode program, the notebook it came from, and that both are the same model."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from course.data import FEATURES, notebook_model_source, transactions
from course.data.notebook_model import train

HIDDEN = transactions(77, 20_000)
NOTEBOOK = notebook_model_source() / "00_notebook_model.ipynb"


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    """The data scientist's file: the sample of 20,000 payments that the card names."""
    file = tmp_path_factory.mktemp("train") / "transactions.csv"
    transactions(2026, 20_000).to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def job(csv, tmp_path_factory):
    """The program run as the container runs it: hyperparameters as arguments, folders by environment."""
    model_dir = tmp_path_factory.mktemp("model")
    ran = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            notebook_model_source() / "train.py",
            "--max-iter",
            "80",
            "--max-leaf-nodes",
            "15",
        ],
        env=os.environ | {"SM_CHANNEL_TRAIN": str(csv.parent), "SM_MODEL_DIR": str(model_dir)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, model_dir


def metric(log: str, name: str) -> float:
    return float(re.search(rf"^{name}=([0-9.]+)$", log, re.MULTILINE)[1])


def test_the_job_prints_metrics_that_a_regex_finds(job):
    log, _ = job
    assert len(re.findall(r"auc=([0-9.]+)", log)) == 1
    assert metric(log, "auc") == pytest.approx(0.905, abs=0.03)
    assert 0.3 < metric(log, "average_precision") < 0.6
    assert 0.3 < metric(log, "precision") < 0.7
    assert 0.2 < metric(log, "recall") < 0.6


def test_the_saved_model_scores_unseen_payments_at_about_90(job):
    model = train.model_fn(job[1])
    assert os.listdir(job[1]) == ["model.joblib"]
    assert roc_auc_score(HIDDEN["fraud"], model.predict_proba(HIDDEN[list(FEATURES)])[:, 1]) == pytest.approx(
        0.9, abs=0.02
    )


def test_its_features_are_ours_in_our_order():
    assert tuple(train.FEATURES) == FEATURES


def test_training_twice_gives_the_same_scores():
    rows = transactions(12, 4000)
    scores = [
        train.build().fit(rows[train.FEATURES], rows["fraud"]).predict_proba(HIDDEN[train.FEATURES]) for _ in range(2)
    ]
    np.testing.assert_array_equal(*scores)


def test_csv_and_json_are_scored_as_offline(job):
    model, rows = train.model_fn(job[1]), HIDDEN[train.FEATURES].head(200)
    offline = model.predict_proba(rows)[:, 1]
    instances = json.loads(rows.to_json(orient="records"))
    bodies = {
        "text/csv": rows.to_csv(index=False, header=False),
        "text/csv; charset=utf-8": rows.to_csv(index=False, header=False).encode(),
        "application/json": json.dumps({"instances": instances}),
    }
    for kind, body in bodies.items():
        scores = train.predict_fn(train.input_fn(body, kind), model)
        np.testing.assert_allclose(scores, offline, atol=1e-12)
        text, sent = train.output_fn(scores, "text/csv")
        assert (sent, [float(line) for line in text.splitlines()]) == ("text/csv", scores.tolist())
        answer, sent = train.output_fn(scores, "*/*")
        assert (sent, json.loads(answer)) == ("application/json", {"predictions": scores.tolist()})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("12.5,3,fuel,web,22,,1,200", "text/csv"),
        ("12.5,3,,web,22,4.5,1,200", "text/csv"),
        ("12.5,3,florist,carrier pigeon,22,4.5,1,200\n12.5,3,7,8,22,4.5,1,200", "text/csv"),
        ('{"instances": [{"amount": 12.5, "hour": 3, "km_from_home": null}]}', "application/json"),
    ],
)
def test_missing_values_and_unseen_categories_are_scored(job, body, kind):
    scores = train.predict_fn(train.input_fn(body, kind), train.model_fn(job[1]))
    assert ((scores > 0) & (scores < 1)).all()


def test_wrong_input_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"Send 8 columns, no header: amount, hour, .*; got 9"):
        train.input_fn("0,12.5,3,fuel,web,22,,1,200", "text/csv")
    with pytest.raises(ValueError, match="Send text/csv or application/json; got image/png"):
        train.input_fn(b"", "image/png")


def test_the_notebook_is_canonical():
    text = NOTEBOOK.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z-]+", id_) for id_ in ids)
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert all(cell["execution_count"] == 1 for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_the_notebook_tells_its_story_and_is_the_same_model_as_the_program(csv, job, tmp_path, monkeypatch):
    """Run top to bottom beside its CSV it prints what it has stored; its AUC is the one that the program prints."""
    os.link(csv, tmp_path / "transactions.csv")
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
            assert out.getvalue() == "".join(line for output in cell["outputs"] for line in output["text"]), cell["id"]
    assert f"{names['auc']:.4f}" == f"{metric(job[0], 'auc'):.4f}"
    np.testing.assert_allclose(
        names["model"].predict_proba(HIDDEN[train.FEATURES]),
        train.model_fn(job[1]).predict_proba(HIDDEN[train.FEATURES]),
    )
