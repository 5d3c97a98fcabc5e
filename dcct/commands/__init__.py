"""The verbs, by panel of `dcct --help`, and what they share. These and cli.py alone print."""
