"""Hidden probes and worlds; only where grading happens."""
