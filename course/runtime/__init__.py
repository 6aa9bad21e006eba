"""Running untrusted processes: the sandbox, the process, the model worker."""
