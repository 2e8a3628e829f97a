"""Runs the command line as ``python -m tenshot``."""

from tenshot.cli import main

main()
