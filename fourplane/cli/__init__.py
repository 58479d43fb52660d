"""The `fourplane` command: one file for each of its commands, and app.py, which puts them together."""
