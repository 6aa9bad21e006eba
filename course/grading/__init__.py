"""Execution of any nbgrader assignment; knows nothing of AWS."""
