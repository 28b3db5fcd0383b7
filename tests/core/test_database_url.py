"""URLs of PostgreSQL databases: what they may say, and what a wrong one is told."""

import re

import pytest

from reseller_webhooks.core.database_url import PostgresUrl, check_sqlite
from reseller_webhooks.core.libpq import DEFAULTS


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://ana:pw@db/name", (("db", ""),)),
        ("postgres://db:5433/name", (("db", "5433"),)),
        ("postgresql://h1:1,h2:2/name", (("h1", "1"), ("h2", "2"))),
        ("postgresql://h1,h2/name", (("h1", ""), ("h2", ""))),
        ("postgresql:///name?host=h1,h2&port=1,2", (("h1", "1"), ("h2", "2"))),
        ("postgresql:///name?host=h1,h2&port=6432", (("h1", "6432"), ("h2", "6432"))),
        ("postgresql:///name?host=h1:1&host=h2:2", (("h1", "1"), ("h2", "2"))),
        ("postgresql://[::1]:5433/name", (("::1", "5433"),)),
        ("postgresql:///name?host=/run/postgresql", (("/run/postgresql", ""),)),
        ("postgresql://%2Frun%2Fpostgresql/name", (("/run/postgresql", ""),)),
        ("postgresql:///name", (("", ""),)),
    ],
)
def test_hosts_stand_in_the_authority_or_in_the_query(
    url: str, hosts: tuple[tuple[str, str], ...]
) -> None:
    assert PostgresUrl.parse(url).hosts == hosts


def test_several_hosts_ask_for_one_that_takes_writes_unless_the_url_says_otherwise() -> None:
    several = PostgresUrl.parse("postgresql://h1,h2/name")
    anyone = PostgresUrl.parse("postgresql://h1,h2/name?target_session_attrs=any")
    alone = PostgresUrl.parse("postgresql://h1/name")

    assert several.parameters["target_session_attrs"] == "read-write"
    assert anyone.parameters["target_session_attrs"] == "any"
    assert "target_session_attrs" not in alone.parameters


def test_timeouts_have_defaults_that_the_url_can_change() -> None:
    plain = PostgresUrl.parse("postgresql://db/name").conninfo()
    changed = PostgresUrl.parse("postgresql://db/name?connect_timeout=9").conninfo()

    assert DEFAULTS.items() <= plain.items()
    assert changed == plain | {"connect_timeout": "9"}


def test_names_and_passwords_are_unescaped() -> None:
    given = PostgresUrl.parse("postgresql://an%40a:p%2Fw%3A%25@db/na%20me").conninfo()

    assert (given["user"], given["password"], given["dbname"]) == ("an@a", "p/w:%", "na me")


def test_another_host_can_come_first() -> None:
    given = PostgresUrl.parse("postgresql://h1:1,h2:2,h3:3/name").conninfo(first=1)

    assert (given["host"], given["port"]) == ("h2,h3,h1", "2,3,1")


@pytest.mark.parametrize(
    ("query", "after", "is_given"),
    [
        ("", 5, False),
        ("?prepare_threshold=0", None, True),
        ("?prepare_threshold=none", None, True),
        ("?prepare_threshold=2", 2, True),
    ],
)
def test_prepared_statements_can_be_switched_off(
    query: str, after: int | None, is_given: bool
) -> None:
    url = PostgresUrl.parse(f"postgresql://db/name{query}")

    assert (url.prepare_after, url.prepare_is_given) == (after, is_given)
    assert "prepare_threshold" not in url.conninfo()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://ana:S3cret@db/name", "give postgresql://user:password@host:5432/name"),
        ("postgresql://ana:S3cret@db:port/name", "the port of host 1 is not a number"),
        ("postgresql://ana:S3cret@h1:1,h2:99999/name", "the port of host 2 is not a number"),
        ("postgresql://ana:S3c/ret@db/name", "write @ : / ? # % as"),
        ("postgresql://ana:S3c?ret@db/name", "an @ stands behind the ?"),
        ("postgresql://ana:S3cret@h1,,h3/name", "host 2 of 3 has no name"),
        ("postgresql://ana:S3cret@h1,h2/name?port=1,2,3", "give one port for all 2 hosts"),
        ("postgresql://ana:S3cret@[::1/name", "write an IPv6 address as [address]:port"),
        ("postgresql://ana:S3cret@db/name?sslmod=require", "did you mean sslmode?"),
        ("postgresql://ana:S3cret@db/name?sslmode=yes", "give one of disable, allow"),
        ("postgresql://ana:S3cret@db/name?connect_timeout=soon", "give a whole number"),
        ("postgresql://ana:S3cret@db/name?prepare_threshold=-1", "or 0 for never"),
        (f"postgresql://ana:S3cret@db/name?connect_timeout={'9' * 5000}", "up to 9 digits"),
        (f"postgresql://ana:S3cret@db/name?prepare_threshold={'9' * 5000}", "up to 9 digits"),
        ("postgresql://ana:S3cret@h1,h2/name?target_session_attrs=standby", "give one of any"),
        ("postgresql://ana:S3cret@db/name?sslmode", "name=value"),
        ("postgresql://ana:S3cret@db/name%00", "holds a NUL"),
    ],
)
def test_a_wrong_url_is_told_what_is_wrong_and_no_secret(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as refused:
        PostgresUrl.parse(url)

    assert "S3c" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "names no file"),
        (":memory:", "names no file"),
        ("/var/lib/", "names no file"),
        ("a\x00b.db", "names no file"),
        ("a.db?mode=ro", "takes no parameters"),
    ],
)
def test_a_url_of_sqlite_names_a_file(path: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_sqlite(f"sqlite:///{path}")
