"""Tests of course.authoring; a package, so that its modules may share the fixture course."""
