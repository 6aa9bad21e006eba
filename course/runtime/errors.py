"""What whoever starts a process has to expect."""


class LaunchError(RuntimeError):
    """Something did not start, or did not answer in time. The message is one sentence for people."""
