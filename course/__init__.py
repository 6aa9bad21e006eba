"""Five Bridges: a machine-learning engineering course that runs on your own machine."""
