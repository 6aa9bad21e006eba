"""Five Bridges: a machine-learning engineering course that runs on your own machine."""

__version__ = "0.1.0"  # the one place: pyproject.toml, notebooks and `course lab --update` take it from here
