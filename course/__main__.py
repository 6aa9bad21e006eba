"""`python -m course` is `course`, wherever the environment's scripts are."""

import sys

from course.cli import main

sys.exit(main())
