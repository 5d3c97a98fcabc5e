"""`python -m dcct` is the dcct command."""

from dcct.cli import main

main()
