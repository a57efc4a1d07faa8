"""Run log and file contract of a results folder (results/README.md)."""

from digits.runlog.run_log import RunLog

__all__ = ["RunLog"]
