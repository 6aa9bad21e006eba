"""The training container of the built-in XGBoost: no program of the learner's, data in the form that it dictates.

The real library runs (the release that this course pins, whatever tag the image has; xgboost-cpu on Linux). It is
imported in the job only. The file it leaves, xgboost-model, is the library's own UBJSON, for Booster.load_model.

The form of the data: the label in the first column, no header, numbers only, ContentType text/csv; or LIBSVM, which is
also what a channel without a ContentType is taken for. A header is not noticed: the library reads its words as missing
values and the label as 0, so one row more is trained on than there is, and only the count in the log shows it.

With a hyperparameter sagemaker_program the container is in script mode, as AWS's is.

Facts: developer guide, "XGBoost algorithm with Amazon SageMaker AI"; github.com/aws/sagemaker-xgboost-container
(algorithm_mode/train.py, data_utils.py, channel_validation.py, checkpointing.py). Unlike there: no Parquet, no
RecordIO, no Pipe mode, one instance, and none of the metrics that AWS adds to the library's. What its owner can put
right begins with ClientError, as it did in the oldest image.
"""

from __future__ import annotations

import csv
import os
import re
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from course.cloud.containers import script_training
from course.cloud.containers.failure import print_traceback, summary, write_failure
from course.cloud.containers.layout import BASE, Layout
from course.cloud.containers.training_environment import TrainingEnvironment
from course.cloud.containers.xgboost_hyperparameters import UserError, read

MODEL = "xgboost-model"
CHECKPOINT = "xgboost-checkpoint"
_KEPT = 5  # checkpoints

_CHANNELS = ("train", "validation")
_CONTENT_TYPES = {
    "csv": "csv",
    "text/csv": "csv",
    "libsvm": "libsvm",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
}
_THE_OWNER_S = (  # what the library says of data and parameters that do not fit
    "label must be in",
    "base_score must be in (0,1)",
    "label must be nonnegative",
    "dataset only contains pos or neg samples",
)


def main() -> None:
    """Train. Raises SystemExit(1), with the failure file written."""
    layout = Layout.here()
    environment = TrainingEnvironment.read(layout)
    if environment.program is not None:
        return script_training.main()
    try:
        _train(layout, environment)
    except UserError as error:
        write_failure(layout, f"ClientError: {error}")
        print(f"Reporting training FAILURE\nClientError: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        write_failure(layout, f"framework error: \n{summary(error)}")
        print_traceback(error)
        raise SystemExit(1) from None
    layout.success.touch()


def _train(layout: Layout, environment: TrainingEnvironment) -> None:
    if len(environment.resource_config["hosts"]) > 1:
        raise UserError("This cloud runs the built-in XGBoost on one instance only.")
    parameters = read(layout.config("hyperparameters"))
    forms = {name: _form(name, entries) for name, entries in environment.input_data_config.items()}
    if "train" not in forms:
        raise UserError("Missing required channel: train")
    print("Running XGBoost Sagemaker in algorithm mode", flush=True)
    import xgboost

    weights = parameters.pop("csv_weights", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, of the format that AWS's container uses
        data = {name: _matrix(layout.channel(name), form, weights) for name, form in forms.items()}
    print(f"Train matrix has {data['train'].num_row()} rows and {data['train'].num_col()} columns")
    if "validation" in data:
        print(f"Validation matrix has {data['validation'].num_row()} rows")

    rounds = parameters.pop("num_round")
    on_termination = parameters.pop("save_model_on_termination", "false") == "true"
    if objective := parameters.pop("_tuning_objective_metric", ""):  # validation:auc
        metrics = {*parameters.get("eval_metric", ()), objective.rpartition(":")[2]}
        parameters["eval_metric"] = sorted(metrics)
    stopping = parameters.pop("early_stopping_rounds", None)
    start, done = _checkpoint(layout)
    if on_termination:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    callbacks: list[Any] = [_rounds(layout, done, on_termination)]
    if stopping and "validation" in data:
        callbacks.append(xgboost.callback.EarlyStopping(rounds=stopping, data_name="validation", save_best=True))
    try:
        booster = xgboost.train(
            {"nthread": 1} | parameters,
            data["train"],
            num_boost_round=max(0, rounds - done),
            evals=[(data[name], name) for name in _CHANNELS if name in data],
            callbacks=callbacks,
            xgb_model=start,
            verbose_eval=False,
        )
    except xgboost.core.XGBoostError as error:
        if any(words in str(error) for words in _THE_OWNER_S):
            raise UserError(_plain(error)) from None
        raise RuntimeError(f"XGB train call failed with exception:\n {_plain(error)}") from None
    _save(booster, layout.model / MODEL)


def _plain(error: Exception) -> str:
    """What the library says, without its stack and its source files."""
    return re.sub(r"^\[\d\d:\d\d:\d\d\] \S+: ", "", str(error).partition("\nStack trace")[0]).strip()


def _form(name: str, entries: dict[str, str]) -> str:
    """csv or libsvm."""
    if name not in _CHANNELS:
        raise UserError(f"Extraneous channel found: {name}")
    if entries["TrainingInputMode"] == "Pipe":
        raise UserError(f"Channel configuration for '{name}' channel is not supported: {entries}")
    given = entries.get("ContentType")
    if given is None:
        return "libsvm"
    kind, _, options = given.lower().partition(";")
    size = re.search(r"label_size\s*=\s*(\w+)", options)
    form = _CONTENT_TYPES.get(kind.strip())
    if form is None:
        raise UserError(f"{given} is not an accepted ContentType: {', '.join(_CONTENT_TYPES)}.")
    if form == "csv" and size and size[1] != "1":
        raise UserError(f"{given} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1")
    return form


def _matrix(folder: Path, form: str, weights: int) -> Any:
    """Everything in a channel's folder as the library loads it."""
    import xgboost

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files or not sum(path.stat().st_size for path in files):
        raise UserError(f"No data in {'training' if folder.name == 'train' else folder.name} channel path {folder}")
    if any(path.name.startswith(".") for path in files):
        raise UserError("Hidden file found in the data path! Remove that before training.")
    options = f"format={form}"
    for path in files:
        with path.open(encoding="utf-8", errors="ignore") as file:
            line = file.readline()
        if form == "csv":
            options = f"format=csv&label_column=0&delimiter={_delimiter(line)}"
        elif not _is_libsvm(line):
            raise UserError(
                f"First line '{line[:50]}...' of file '{path.name}' is not 'LIBSVM' format. "
                "Please ensure the file is in 'LIBSVM' format."
            )
    if form == "csv" and weights:
        options += "&weight_column=1"
    # The library lists one folder and none below it.
    flat = folder if all(path.parent == folder for path in files) else _flattened(files)
    try:
        matrix = xgboost.DMatrix(f"{flat}?{options}", nthread=1)
    except xgboost.core.XGBoostError as error:
        raise UserError(f"Failed to load {form} data with exception:\n{_plain(error)}") from None
    if not matrix.get_label().size:
        raise UserError("Got input data without labels. Please check the input data set.")
    return matrix


def _flattened(files: list[Path]) -> Path:
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"flat-{files[0].parent.name}-{os.getpid()}"
    folder.mkdir()
    for number, path in enumerate(files):
        (folder / f"{number:06d}-{path.name}").symlink_to(path)
    return folder


def _delimiter(line: str) -> str:
    try:
        return csv.Sniffer().sniff(line).delimiter
    except csv.Error as error:
        raise UserError(f"Could not determine delimiter on line {line[:50]}:\n{error}") from None


def _is_libsvm(line: str) -> bool:
    """Whether a line reads <label>[:<weight>] <index>:<value> …"""
    label, *features = line.split()[:2] or [""]
    try:
        [float(part) for part in label.split(":")]
    except ValueError:
        return False
    return label.count(":") <= 1 and all(":" in feature for feature in features)


def _rounds(layout: Layout, done: int, saves_model: bool) -> Any:
    """What happens after each round: its line of metrics, its checkpoint and, if asked for, the model so far.

    done: rounds that the checkpoint had, with which the count goes on.
    """
    import xgboost

    folder = _checkpoints(layout)

    class Rounds(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, list[float]]]) -> bool:
            number = done + epoch
            scores = [f"{data}-{name}:{log[-1]:.5f}" for data, logs in evals_log.items() for name, log in logs.items()]
            print(f"[{number}]\t" + "\t".join(scores), flush=True)
            if folder:
                _save(model, folder / f"{CHECKPOINT}.{number}")
                (folder / f"{CHECKPOINT}.{number - _KEPT}").unlink(missing_ok=True)
            if saves_model:
                _save(model, layout.model / MODEL)
            return False

    return Rounds()


def _save(model: Any, path: Path) -> None:
    """Write a model so that its file is there whole or not at all."""
    new = path.with_name(f".{path.name}")
    new.write_bytes(model.save_raw("ubj"))
    new.replace(path)


def _checkpoint(layout: Layout) -> tuple[Any, int]:
    """The booster of the newest checkpoint and how many rounds it has; (None, 0) without any."""
    import xgboost

    folder = _checkpoints(layout)
    names = [path.suffix[1:] for path in folder.glob(f"{CHECKPOINT}.*")] if folder else []
    numbers = [int(name) for name in names if name.isdecimal()]
    if not folder or not numbers:
        return None, 0
    path = folder / f"{CHECKPOINT}.{max(numbers)}"
    print(f"Checkpoint loaded from {path}\nResuming from iteration {max(numbers) + 1}")
    return xgboost.Booster(model_file=bytearray(path.read_bytes())), max(numbers) + 1


def _checkpoints(layout: Layout) -> Path | None:
    """Where checkpoints go, if the job keeps any."""
    if not (layout.input_config / "checkpointconfig.json").is_file():
        return None
    return layout.base / Path(layout.config("checkpointconfig")["LocalPath"]).relative_to(BASE)
