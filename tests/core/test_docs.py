"""What the docs show of the program is what the program does."""

import re
from pathlib import Path

from reseller_webhooks.core.records.action_rules import table_markdown
from reseller_webhooks.http.edge import error_reference
from reseller_webhooks.settings import Settings

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_page_of_actions_is_the_table() -> None:
    assert (DOCS / "actions.md").read_text().endswith(table_markdown())


def test_every_setting_is_described_with_its_default() -> None:
    text = (DOCS / "operate.md").read_text()
    rows = dict(re.findall(r"^\| ([A-Z_]+) \| (\S[^|]*?) \|", text, re.MULTILINE))

    assert {name.upper() for name in Settings.model_fields} == rows.keys()
    assert rows["RETRY_SCHEDULE"] == ",".join(map(str, Settings().retry_schedule))


def test_the_page_of_errors_is_current() -> None:
    assert (DOCS / "errors.md").read_text() == error_reference.markdown(), "run make errors"


ROOT = DOCS.parent
GENERATED = {DOCS / "actions.md", DOCS / "errors.md"}
PAGES = sorted(
    {*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *DOCS.rglob("*.md")} - GENERATED
)
COLUMNS, CELL = 120, 100
"""Characters of a line; of the prose in a cell, which cannot be wrapped."""
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
PACKAGES = (
    "core|store|operations|ingest|engine|http|nats|bootstrap|observability|tests|docs|deploy"
    "|web"  # the name of http in the past
)
FILE = re.compile(rf"`((?:{PACKAGES})/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
UNSEEN = re.compile(r"`[^`]*`|\]\([^)]*\)")
"""Code and addresses of links, which cannot be wrapped or shortened either."""
SOURCES = sorted(
    source for source in (ROOT / "src").rglob("*") if source.suffix in {".py", ".html", ".js"}
)
MODULE = re.compile(rf"(?<![\w./-])(?:(?:{PACKAGES})/[a-z_][\w./-]*\w|[\w/]+\.py\b)")
"""How comments and docstrings name a file, a folder, a module, or a name that a module defines."""


def _too_wide(line: str) -> bool:
    if line.startswith("|"):
        return any(len(UNSEEN.sub("`", cell).strip()) > CELL for cell in line.split("|"))
    return len(line) > COLUMNS and " " in UNSEEN.sub("`", line.strip(" -"))


def test_the_lines_of_docs_have_one_width() -> None:
    wide = [
        f"{_name(page)}: {line}"
        for page in PAGES
        for line in FENCED.sub("", page.read_text()).splitlines()
        if _too_wide(line) and not line.lstrip().startswith("<")
    ]

    assert wide == []


def test_the_files_that_docs_name_exist() -> None:
    """Beside the changelog, which names files of its time."""
    missing = [
        f"{_name(page)}: {name}"
        for page in PAGES
        for name in FILE.findall(page.read_text())
        if page.stem != "CHANGELOG" and not _exists(name)
    ]

    assert missing == []


def test_the_modules_that_sources_name_exist() -> None:
    missing = [
        f"{_name(source)}: {name}"
        for source in SOURCES
        for name in MODULE.findall(source.read_text())
        if not (_exists(name, source.parent) or _is_defined(name))
    ]

    assert missing == []


def test_the_links_of_docs_lead_to_files() -> None:
    dead = [
        f"{_name(page)}: {link}"
        for page in PAGES
        for link in LINK.findall(FENCED.sub("", page.read_text()))
        if "://" not in link and not (page.parent / link).exists()
    ]

    assert dead == []


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _exists(name: str, *beside: Path) -> bool:
    places = (ROOT, ROOT / "src" / "reseller_webhooks", *beside)
    return any((place / end).exists() for place in places for end in (name, f"{name}.py"))


def _is_defined(name: str) -> bool:
    path, _, symbol = name.rpartition(".")
    module = ROOT / "src" / "reseller_webhooks" / f"{path}.py"
    defines = re.compile(rf"^(?:def |class )?{re.escape(symbol)}\b", re.MULTILINE)
    return module.exists() and bool(defines.search(module.read_text()))


def test_each_decision_has_a_status_and_a_line_in_the_index() -> None:
    records = sorted((DOCS / "decisions").glob("0*.md"))
    index = (DOCS / "decisions" / "README.md").read_text()
    head = re.compile(r"# (\d{4})\. .+\n\nDate: \d{4}-\d\d-\d\d\. Status: (accepted|superseded)")
    numbers = [found[1] for one in records if (found := head.match(one.read_text()))]

    assert numbers == [f"{number:04d}" for number in range(1, len(records) + 1)]
    assert re.findall(r"^- [\d-]{10} \[\d{4}\]\((.+?)\)", index, re.MULTILINE) == [
        one.name for one in records
    ]
