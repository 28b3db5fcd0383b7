"""Linters and client generators accept /openapi.json, and generated clients work.

`make tools` installs them; without it, Node.js or Java their tests are skipped.
"""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from reseller_webhooks.bootstrap.program import ProcessRole
from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.operations import authentication, resellers
from tests.conftest import Running, serving

HERE = Path(__file__).parent
COMMANDS = HERE / "node_modules" / ".bin"
PYTHON = HERE / ".venv" / "bin" / "python"
GENERATOR = HERE / "java" / "openapi-generator-cli.jar"
MAIN_STEPS = {
    "url": "https://127.0.0.1:9/in",
    "actions": ["ADDED", "CHANGED"],
    "auth": "TOKEN",
    "version": 1,
    "deliveries": 1,
    "records": ["c-1"],
    "count": 1,
    "pointer": "/url",
}
needs_python = pytest.mark.skipif(not PYTHON.exists(), reason="needs `make tools`")
needs_node = pytest.mark.skipif(
    not (COMMANDS / "redocly").exists() or not shutil.which("node"),
    reason="needs Node.js and `make tools`",
)
needs_java = pytest.mark.skipif(
    not GENERATOR.exists() or not shutil.which("java"), reason="needs Java and `make tools`"
)


@pytest.fixture
async def running(tmp_path: Path, migrated: Path) -> AsyncIterator[Running]:
    """Sends nothing."""
    async with serving(tmp_path, migrated, ProcessRole.API) as one:
        yield one


@pytest.fixture
async def document(running: Running, tmp_path: Path) -> Path:
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        found = await client.get("/openapi.json")
    path = tmp_path / "openapi.json"
    path.write_bytes(found.content)
    return path


@pytest.fixture
def keys(running: Running) -> dict[str, str]:
    """The environment of a client."""
    reseller = resellers.add(running.database, "Northwind").uuid
    scopes = {"PLATFORM_KEY": (Scope.PLATFORM, None), "RESELLER_KEY": (Scope.RESELLER, reseller)}
    made = {
        name: authentication.add_key(running.database, *scope).key for name, scope in scopes.items()
    }
    return {"URL": running.url, "RESELLER": reseller, **made}


async def run(*command: str | Path, cwd: Path = HERE, **environment: str) -> str:
    """What a program printed. Fails, with that, if the program does."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-4000:]
    return output.decode()


@needs_node
async def test_redocly_finds_no_error_and_no_warning(document: Path) -> None:
    output = await run(COMMANDS / "redocly", "lint", document, "--format", "json")

    assert json.loads(output[output.index("{") : output.rindex("}") + 1])["totals"] == {
        "errors": 0,
        "warnings": 0,
        "ignored": 0,
    }


@needs_node
async def test_spectral_finds_nothing(document: Path) -> None:
    await run(
        *(COMMANDS / "spectral", "lint", document, "--ruleset", HERE / "spectral.yaml"),
        *("--fail-severity", "hint"),
    )


@needs_python
async def test_the_client_of_openapi_python_client_runs_the_main_steps(
    document: Path, keys: dict[str, str], tmp_path: Path
) -> None:
    client = tmp_path / "client"
    await run(
        *(PYTHON.with_name("openapi-python-client"), "generate", "--fail-on-warning"),
        *("--path", document, "--output-path", client),
        PATH=f"{PYTHON.parent}:{os.environ['PATH']}",
    )

    output = await run(PYTHON, HERE / "main_steps.py", PYTHONPATH=str(client), **keys)

    assert json.loads(output) == MAIN_STEPS


@needs_node
async def test_a_client_with_the_types_of_openapi_typescript_runs_the_main_steps(
    document: Path, keys: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "client"
    project.mkdir()
    for name in ("package.json", "tsconfig.json", "main_steps.ts"):
        shutil.copy(HERE / name, project)
    (project / "node_modules").symlink_to(HERE / "node_modules")
    types = project / "build" / "api.ts"
    await run(COMMANDS / "openapi-typescript", document, "-o", types)
    await run(COMMANDS / "tsc", cwd=project)

    output = await run("node", "build/main_steps.js", cwd=project, **keys)

    assert json.loads(output) == MAIN_STEPS


@needs_java
async def test_openapi_generator_writes_a_java_client(document: Path, tmp_path: Path) -> None:
    client = tmp_path / "client"
    await run(
        *("java", "-jar", GENERATOR, "generate", "--input-spec", document),
        *("--generator-name", "java", "--library", "native", "--output", client),
    )
    if shutil.which("mvn") and os.environ.get("COMPILE_JAVA"):  # `make generators`: a minute
        await run("mvn", "-q", "-B", "-DskipTests", "compile", cwd=client)

    assert _operations(document) - _java_methods(client) == set()


def _operations(document: Path) -> set[str]:
    paths = json.loads(document.read_text())["paths"]
    return {one["operationId"] for item in paths.values() for one in item.values()}


def _java_methods(client: Path) -> set[str]:
    sources = (one.read_text() for one in client.glob("src/main/java/**/api/*Api.java"))
    return {name for source in sources for name in re.findall(r" public \S+ (\w+)\(", source)}
