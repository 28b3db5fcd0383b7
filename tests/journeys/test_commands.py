"""The command line: what it prints, and how it refuses."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.operations import invites
from reseller_webhooks.store.db.database import Database
from testkit.processes import clean_environment

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        given = {"DATABASE": f"sqlite:///{tmp_path}/test.db"} | settings
        environment = clean_environment() | {f"RESELLER_WEBHOOKS_{k}": v for k, v in given.items()}
        return subprocess.run(
            [sys.executable, "-m", "reseller_webhooks", *words],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_an_installation_is_set_up_by_four_commands(run: Run) -> None:
    migrated = run("migrate")
    reseller = run("resellers", "add", "Acme Resale").stdout.strip()
    link = run("users", "add", "ana@acme.example", "--reseller", reseller, "--role", "viewer")
    keys = [
        run("api-keys", "add", *words).stdout.strip()
        for words in (["--scope", "platform"], ["--reseller", reseller, "--read-only"])
    ]

    assert migrated.returncode == 0
    assert len(reseller) == 36
    assert link.stdout.startswith("http://127.0.0.1:8000/sign-in/")
    assert all(key.startswith("rwk_") and len(key.split()) == 1 for key in keys)


def test_resellers_are_listed_and_searched(run: Run) -> None:
    lines = [
        f"{run('resellers', 'add', name).stdout.strip()}\t{name}" for name in ("Acme", "Fabrikam")
    ]

    assert run("resellers", "list").stdout.splitlines() == lines
    assert run("resellers", "list", "--search", "FABRI").stdout.splitlines() == lines[1:]


def test_keys_are_listed_and_revoked(run: Run) -> None:
    for name in ("CRM import", "Billing"):
        run("api-keys", "add", "--scope", "platform", "--name", name)
    first, second = run("api-keys", "list").stdout.splitlines()
    revoked = run("api-keys", "revoke", first.split("\t")[0])

    assert first.split("\t")[2:] == ["platform", "never", "Billing"]
    assert revoked.returncode == 0
    assert run("api-keys", "list").stdout.splitlines() == [second]
    assert run("api-keys", "list", "--search", "crm i").stdout.splitlines() == [second]
    assert run("api-keys", "list", "--search", "billing").stdout == ""
    assert run("api-keys", "revoke", "nothing").returncode == 1


def test_quotas_of_a_reseller_are_shown_set_and_reset(run: Run) -> None:
    own = ("--reseller", run("resellers", "add", "Acme Resale").stdout.strip())
    done = [run("quotas", "set", "stored-bytes", "5000", *own)]
    shown = run("quotas", "show", *own, LIMIT_WEBHOOKS="7").stdout.splitlines()
    done.append(run("quotas", "set", "stored_bytes", "default", *own))

    assert [one.returncode for one in done] == [0, 0]
    rows = [line.split() for line in shown]
    assert rows[0] == ["QUOTA", "LIMIT", "USED", "SET"]
    assert ["webhooks", "7", "0", "default"] in rows
    assert ["requests_per_second", "200", "-", "default"] in rows
    assert ["stored_bytes", "5000", "0", "own"] in rows
    every = run("quotas", "show", "--all").stdout
    row = [own[1], "webhooks", "5000", "0", "default", "Acme", "Resale"]
    assert row in map(str.split, every.splitlines())
    assert "own" not in every
    assert "either --reseller ID or --all" in run("quotas", "show").stderr
    for wrong in ("0", "9" * 5000):
        refused = run("quotas", "set", "webhooks", wrong, *own)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "give a number from 1" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert "give one of webhooks, " in run("quotas", "set", "rockets", "1", *own).stderr


def test_a_user_is_locked_and_unlocked_and_gets_a_new_link(run: Run) -> None:
    run("users", "add", "ops@acme.example", "--operator")
    run("users", "lock", "ops@acme.example")
    locked_out = run("users", "link", "ops@acme.example")
    done = [run("users", step, "OPS@acme.example").returncode for step in ("lock", "unlock")]

    assert (locked_out.returncode, locked_out.stdout) == (1, "")
    assert "unlock the user first" in locked_out.stderr
    assert done == [0, 0]
    assert "/sign-in/" in run("users", "link", "ops@acme.example").stdout
    assert "no user with id 'eve@acme.example'" in run("users", "lock", "eve@acme.example").stderr
    assert run("users", "link", "eve@acme.example").returncode == 1


def test_users_are_listed_searched_given_a_role_and_removed(run: Run, tmp_path: Path) -> None:
    acme, fabrikam = (run("resellers", "add", name).stdout.strip() for name in ("Acme", "Fabrikam"))
    for email, reseller in (
        ("ana@acme.example", acme),
        ("ana@acme.example", fabrikam),
        ("bob@fabrikam.example", fabrikam),
    ):
        run("users", "add", email, "--reseller", reseller)
    both = run("users", "list", "--search", "ANA@").stdout.splitlines()
    done = [
        run("users", "role", "ana@acme.example", "viewer", "--reseller", acme),
        run("users", "remove", "ana@acme.example", "--reseller", fabrikam),
    ]
    unknown = run("users", "role", "eve@acme.example", "viewer", "--reseller", acme)
    invites.invite(Database(f"sqlite:///{tmp_path}/test.db"), "ivy@acme.example", Role.ADMIN, acme)
    invited = run("users", "role", "ivy@acme.example", "viewer", "--reseller", acme)

    assert both == [
        f"ana@acme.example\tadmin\t{acme}\tactive\tnever",
        f"ana@acme.example\tadmin\t{fabrikam}\tactive\tnever",
    ]
    assert [(one.returncode, one.stdout) for one in done] == [(0, ""), (0, "")]
    assert run("users", "list").stdout.splitlines() == [
        f"ana@acme.example\tviewer\t{acme}\tactive\tnever",
        f"bob@fabrikam.example\tadmin\t{fabrikam}\tactive\tnever",
    ]
    assert run("users", "list", "--reseller", fabrikam, "--search", "ana").stdout == ""
    assert "no user with id 'eve@acme.example'" in unknown.stderr
    assert (invited.returncode, "has not accepted it" in invited.stderr) == (1, True)
    assert run("users", "role", "ana@acme.example", "cook", "--reseller", acme).returncode == 2


def test_check_tells_what_is_in_force_and_what_is_missing(run: Run) -> None:
    before = run("check")
    run("migrate")
    after = run("check", PLATFORM_NAME="Fernhill")
    mistyped = run("check", PLATTFORM_NAME="Fernhill")

    assert "run reseller-webhooks migrate" in before.stdout
    assert "RESELLER_WEBHOOKS_PLATFORM_NAME=Fernhill" in after.stdout
    assert "RESELLER_WEBHOOKS_LEGACY_TOKEN_HEADER=false" in after.stdout
    assert "its tables are those of this version" in after.stdout
    assert "RESELLER_WEBHOOKS_PLATTFORM_NAME: nobody knows this setting" in mistyped.stdout
    assert [done.returncode for done in (before, after, mistyped)] == [1, 0, 1]


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["secrets", "reseal", "--dry-run"],
        ["api-keys", "list"],
        ["resellers", "list"],
        ["users", "list"],
        ["backup", "copy.db"],
    ],
)
def test_a_command_that_only_looks_makes_nothing(
    run: Run, tmp_path: Path, words: list[str]
) -> None:
    done = run(*words, DATABASE=f"sqlite:///{tmp_path}/wrong/test.db")

    assert done.returncode == 1
    assert "there is no database" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_check_leaves_another_programs_database_as_it_is(run: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as other, other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
    before = (tmp_path / "test.db").read_bytes()
    done = run("check")

    assert done.returncode == 1
    assert [one.name for one in tmp_path.iterdir()] == ["test.db"]
    assert (tmp_path / "test.db").read_bytes() == before


def test_check_shows_no_password_of_a_database(run: Run) -> None:
    url = "postgresql://ana:S3cret1@127.0.0.1:1,127.0.0.1:2/x?sslpassword=S3cret2&sslmode=prefer"
    done = run("check", DATABASE=url)

    masked = "postgresql://ana:********@127.0.0.1:1,127.0.0.1:2/x?sslpassword=********&sslmode"
    assert masked in done.stdout
    assert "S3cret" not in done.stdout + done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("words", "settings", "code"),
    [
        (["users", "add", "ana", "--operator"], {}, 1),
        (["users", "add", "ana@acme.example", "--reseller", "nobody"], {}, 1),
        (["api-keys", "add", "--reseller", "nobody"], {}, 1),
        (["resellers", "add", " "], {}, 1),
        (["check"], {"TIMEOUT_S": "soon"}, 1),
        (["check"], {"CONFIG": "nowhere.toml"}, 1),
        (["mirror", "--source", "http://127.0.0.1:1"], {}, 1),
        (["users", "add", "ana@acme.example", "--operator", "--role", "viewer"], {}, 2),
        (["serve"], {"SECRET_KEYS": "hunter2"}, 1),
        (["migrate"], {"DATABASE": "postgresql://127.0.0.1:1/x"}, 1),
        (["check"], {"DATABASE": "postgresql://ana:pw@h1:x,h2/name"}, 1),
        (["migrate"], {"DATABASE": "sqlite:////sys/x.db"}, 1),
        (["serve", "--port", "0"], {"DATABASE": "sqlite:////sys/x.db"}, 1),
        (["serve", "--role", "cook"], {}, 2),
        (["users", "add", "ana@acme.example"], {}, 2),
        (["api-keys", "add", "--scope", "platform", "--read-only"], {}, 2),
        (["dance"], {}, 2),
    ],
)
def test_a_refusal_is_a_line_and_a_code_and_never_a_traceback(
    run: Run, words: list[str], settings: dict[str, str], code: int
) -> None:
    done = run(*words, **settings)

    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    assert code == 2 or len(done.stderr.strip().splitlines()) == 1


def test_what_is_kept_is_only_for_its_owner(run: Run, tmp_path: Path) -> None:
    run("migrate")
    run("secrets", "reseal")
    run("backup", "copy.db")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}

    assert {"test.db", "copy.db", "secret-keys"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_record_is_erased_by_a_command(run: Run) -> None:
    reseller = run("resellers", "add", "Acme Resale").stdout.strip()
    words = ["erase", "--reseller", reseller, "--type", "LEAD", "--uuid", "unknown"]
    unknown = run(*words)
    wrong = run(*words[:4], "LEADS", *words[5:])

    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "reseller-webhooks: no Lead with id 'unknown'\n"
    assert wrong.returncode == 2
