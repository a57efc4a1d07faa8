"""Documents name files that exist."""

import re

import pytest

from tests.support import PROJECT

DOCUMENTS = (
    "README.md",
    "HowTo.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/api.md",
    "benchmarks/README.md",
)
ROOTS = ("", "digits/", "benchmarks/")  # what a path in a document is relative to


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document):
    text = (PROJECT / document).read_text(encoding="utf-8")
    links = [(PROJECT / document).parent / link for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", text)]
    assert [link for link in links if not link.exists()] == []
    paths = re.findall(r"`([\w/.-]+/[\w.-]+\.(?:py|js|json|md|html|toml))`", text)
    missing = {path for path in paths if not any((PROJECT / root / path).exists() for root in ROOTS)}
    assert {path for path in missing if not path.startswith(("results/", ".venv/"))} == set()
