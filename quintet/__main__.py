"""Runs the operator's command: `python -m quintet`."""

from quintet.cli import main

main(prog_name="quintet")
