"""Documents: every file, link, command, option and make target in them exists; their sizes."""

import re
from functools import cache

import pytest
from click.testing import CliRunner

from digits.server import startup
from mnist_cnn import cli
from tests.support import PROJECT

DOCUMENTS = [
    path.relative_to(PROJECT).as_posix()
    for folder in (".", "docs", "results", "benchmarks")
    for path in sorted((PROJECT / folder).glob("*.md"))
]
MANUALS = [name for name in DOCUMENTS if name not in ("CHANGELOG.md", "benchmarks/LOG.md")]  # the present, no history
ROOTS = ("", "digits/", "benchmarks/", "results/")  # folders that a path in a document is relative to
WRITTEN = ("results/", ".venv/", "runs/", "data/")  # paths that exist once a program has run
FOREIGN = {"--nproc-per-node", "--data-binary", "--version"}  # options of torchrun, curl and python
FOREIGN |= {"--build", "--build-arg", "--rm", "--read-only", "--user"}  # of docker


def text_of(document: str) -> str:
    return (PROJECT / document).read_text(encoding="utf-8")


def code_of(document: str) -> str:
    """The code blocks and code spans of a document, one per line."""
    prose_and_blocks = re.split(r"^```.*$", text_of(document), flags=re.MULTILINE)
    spans = [span for prose in prose_and_blocks[::2] for span in re.findall(r"`([^`]+)`", prose)]
    return "\n".join([*spans, *prose_and_blocks[1::2]])


@cache
def help_texts() -> str:
    """Help texts of all commands; for benchmarks and fault injection their source, since their help imports torch."""
    inner = [[name, other] for name, group in cli.commands.items() for other in getattr(group, "commands", ())]
    shown = [
        CliRunner().invoke(cli, [*words, "--help"]).output for words in [*([name] for name in cli.commands), *inner]
    ]
    sources = [path for folder in ("benchmarks", "tests/faults") for path in (PROJECT / folder).glob("*.py")]
    return "\n".join([*shown, *(path.read_text(encoding="utf-8") for path in sources)])


@pytest.mark.parametrize("document", MANUALS)
def test_every_link_within_the_project_leads_to_a_file_and_heading(document):
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", text_of(document)):
        file = (PROJECT / document).parent / target if target else PROJECT / document
        assert file.exists(), target
        headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        slugs = [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings]
        assert not anchor or anchor in slugs, f"{target}#{anchor}"


@pytest.mark.parametrize("document", MANUALS)
def test_every_file_that_a_document_names_exists(document):
    paths = set(re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|js|css|json|md|html|toml))`", text_of(document)))
    missing = {path for path in paths if not any((PROJECT / root / path).exists() for root in ROOTS)}
    assert {path for path in missing if not path.startswith(WRITTEN)} == set()


@pytest.mark.parametrize("document", MANUALS)
def test_every_option_that_a_document_names_is_in_a_help_text(document, capsys):
    with pytest.raises(SystemExit):
        startup.read_options(["--help"])
    known = set(re.findall(r"--[a-z][a-z-]*", help_texts() + capsys.readouterr().out))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", code_of(document)))
    assert named - known - FOREIGN == set()


@pytest.mark.parametrize("document", MANUALS)
def test_every_command_that_a_document_names_exists(document):
    code = code_of(document)
    assert set(re.findall(r"mnist_cnn\.py ([a-z]+)", code)) <= set(cli.commands)
    targets = set(" ".join(re.findall(r"^([a-z][a-z -]*):", text_of("Makefile"), re.MULTILINE)).split())
    assert set(re.findall(r"^(?:exec )?make ([a-z][a-z-]*)", code, re.MULTILINE)) <= targets


def test_readme_and_howto_stay_short():
    assert len(text_of("README.md").encode()) <= 9_000
    assert len(text_of("HowTo.md").split()) <= 1_500
