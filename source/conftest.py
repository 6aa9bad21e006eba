"""`pytest --nbval` runs a notebook as `course refresh` does: in a copy of its folder, with its author's answers."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from nbval import plugin

ANSWERS = Path(__file__).resolve().parents[1] / "tests" / "answers"


class KernelBesideAnswers(plugin.RunningKernel):
    """nbval's kernel, started elsewhere than in source/: nothing that a cell writes lands there."""

    def __init__(self, name: str, cwd: str, **more: Any) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="nbval-")
        folder = Path(self._scratch.name) / Path(cwd).name
        shutil.copytree(cwd, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
        answers = ANSWERS / f"{folder.name}.json"
        if answers.is_file():
            shutil.copy(answers, folder / "answers.json")
        super().__init__(name, cwd=str(folder), **more)

    def stop(self) -> None:
        super().stop()
        self._scratch.cleanup()


plugin.RunningKernel = KernelBesideAnswers  # nbval has no option for a kernel's folder
