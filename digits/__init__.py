"""Shared code of trainer and server."""
