"""Markers that follow from a test's folder and fixtures, so that no test names them itself."""

from pathlib import PurePath

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

PROGRAM_FIXTURES = {"running", "behind_tls"}
"""Fixtures that start the whole service or an engine."""

APPLICATION = ("pages", "context")
"""The folder and fixture of tests that build the whole web application, 0.1 s of CPU each."""

SLOW_MODULES = {"ingress/test_hostile_callers.py"}
"""Modules that wait for time limits of a server."""

SERVER_MODULES = {"bench.postgres", "testkit.postgres"}
"""Modules that start a PostgreSQL of the test's own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = set(_markers(item))
        for name in names:
            item.add_marker(name)
        if not names and not _is_slow(item):
            item.add_marker("fast")


def _is_slow(item: pytest.Function) -> bool:
    fixtures, path = set(item.fixturenames), _path(item)
    folder, fixture = APPLICATION
    return (
        not fixtures.isdisjoint(PROGRAM_FIXTURES)
        or (path.parts[0] == folder and fixture in fixtures)
        or path.as_posix() in SLOW_MODULES
    )


def _path(item: pytest.Item) -> PurePath:
    return item.path.relative_to(item.config.rootpath / "tests")


def _markers(item: pytest.Function) -> list[str]:
    folder = _path(item).parts[0]
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
