"""The run log and its file contract: results/README.md as code."""

from digits.runlog.run_log import RunLog

__all__ = ["RunLog"]
