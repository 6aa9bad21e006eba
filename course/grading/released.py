"""What learners were given: a source notebook without its solutions, hidden tests and mark schemes.

nbgrader's own steps make it, so that its settings (delimiters, stubs) hold here too.
"""

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions
from traitlets.config import Config

STUB = "# This cell was missing from the submission."
TEXT_STUB = "*This cell was missing from the submission.*"
STEPS = (ClearSolutions, ClearHiddenTests, ClearMarkScheme)


def released(source: NotebookNode, config: Config | None = None) -> NotebookNode:
    """A copy of `source` whose cells read as in a release. `source` itself stays as it is.

    Without `config` (of an nbgrader_config.py) a stub says that the cell was missing, and does not raise.
    """
    if config is None:
        config = Config()
        config.ClearSolutions.code_stub = {**ClearSolutions().code_stub, "python": STUB}
        config.ClearSolutions.text_stub = TEXT_STUB
    cells = [NotebookNode(cell, metadata=NotebookNode(cell.metadata)) for cell in source.cells]
    notebook = NotebookNode(source, cells=cells)
    for step in STEPS:
        made = step(config=config)
        for trait in ("enforce_metadata", "check_attachment_leakage"):  # what was released passed these once
            if made.has_trait(trait):
                made.set_trait(trait, False)
        notebook, _ = made.preprocess(notebook, {})
    return notebook
