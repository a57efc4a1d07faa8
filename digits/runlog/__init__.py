"""The run log and its file contract."""
