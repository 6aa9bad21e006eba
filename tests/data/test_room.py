"""What the other rooms rely on: a light import, and the model's folder."""

import subprocess
import sys

import course.data
from course.data import notebook_model_source


def test_importing_the_room_loads_neither_pandas_nor_scikit_learn():
    loaded = "import sys, course.data; print(sorted({'numpy', 'pandas', 'sklearn'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['numpy']"


def test_every_public_name_is_there():
    assert all(hasattr(course.data, name) for name in course.data.__all__)
    assert callable(course.data.transactions) and callable(course.data.stream)  # the functions, not their modules


def test_the_model_s_folder_holds_the_program_and_the_notebook():
    assert {"train.py", "00_notebook_model.ipynb"} <= {file.name for file in notebook_model_source().iterdir()}
