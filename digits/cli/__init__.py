"""Command-line interface of the trainer."""
