"""Markers that follow from a test's folder and fixtures, so that no test names them itself."""

import pytest

FOLDERS = {
    "browser": "browser",
    "generators": "journey",
    "journeys": "journey",
    "nats": "journey",
    "receivers_in_docs": "journey",
    "simulation": "journey",
    "testkit": "journey",
}
"""Folders that need a browser, or run whole programs and servers."""

PROGRAM_FIXTURES = {"running"}
"""Fixtures that start the whole service or an engine."""

SERVER_MODULES = {"bench.postgres", "testkit.postgres"}
"""Modules that start a PostgreSQL of the test's own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = set(_markers(item))
        for name in names:
            item.add_marker(name)
        if not names and not PROGRAM_FIXTURES & set(item.fixturenames):
            item.add_marker("fast")


def _markers(item: pytest.Function) -> list[str]:
    folder = item.path.relative_to(item.config.rootpath / "tests").parts[0]
    named = [FOLDERS[folder]] if folder in FOLDERS else []
    return [*named, "postgres"] if _needs_postgres(item) else named


def _needs_postgres(item: pytest.Function) -> bool:
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else []
    return (
        "postgres" in item.fixturenames
        or "postgres" in parameters
        or any(
            getattr(one, "__module__", "") in SERVER_MODULES for one in vars(item.module).values()
        )
    )
