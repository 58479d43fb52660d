"""`python -m fourplane` is the command."""

from fourplane.cli.app import main

main()
