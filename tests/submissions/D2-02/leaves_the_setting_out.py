# score = 2
# hint = "d2-02-not-passed"
# note = "The number stands in the script: the job is not told, and another number changes nothing"

# %% d2-02-script
script = """
import os
from pathlib import Path

import joblib
import pandas as pd
from fraud_model import FEATURES, build

data = pd.read_csv(next(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")))
print(f"rows={len(data)}")
model = build(80).fit(data[FEATURES], data["fraud"])
joblib.dump(model, Path(os.environ["SM_MODEL_DIR"], "model.joblib"))
"""

# %% d2-02-job
settings = {
    "sagemaker_program": "train.py",
    "sagemaker_submit_directory": f"s3://{x.bucket}/code/sourcedir.tar.gz",
}
sm.create_training_job(TrainingJobName=x.name, HyperParameters=settings, **request)
sm.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=x.name)
