"""The question bank and the mock exam."""
