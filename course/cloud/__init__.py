"""A local AWS that runs what it is asked for; knows nothing of the course."""
