"""The verbs of the command, one file per panel of its help. They and cli.py alone print."""
