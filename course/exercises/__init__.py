"""One module per exercise: start state, public probes, hints."""
