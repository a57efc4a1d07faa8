"""Helpers of the tests: clients, servers, browsers and training runs."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
FIXTURES = PROJECT / "tests" / "fixtures"
