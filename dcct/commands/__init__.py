"""Verbs that are no arrows of the pipeline, and what all verbs share. These and cli.py alone print."""
