"""The verbs of the command, as functions: what each does, with nothing of how it is typed."""
