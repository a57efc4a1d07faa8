"""Web server of the page."""

from pathlib import Path

OPENAPI = Path(__file__).with_name("openapi.json")  # the HTTP API, served as it is
