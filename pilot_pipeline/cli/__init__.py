"""The command line: the roof of the house. What a command does stands below; here is only how it is asked and shown."""

from pilot_pipeline.cli.app import main

__all__ = ["main"]
