"""Settings: from the environment or a file, and what is said of wrong ones."""

from ipaddress import ip_network
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from reseller_webhooks.bootstrap.check_command import report
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.settings import APPDIRECT_WAITS_S, load

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def put(monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"RESELLER_WEBHOOKS_{name}", value)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", str(2**53)])
def test_a_quota_that_is_no_limit_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    put(monkeypatch, LIMIT_WEBHOOKS=value)

    with pytest.raises(Refused, match=r"^RESELLER_WEBHOOKS_LIMIT_WEBHOOKS: .*given: ") as refused:
        load()
    assert value in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_defaults_are_those_of_the_contract() -> None:
    found = load()

    assert found.database == "sqlite:///data/reseller-webhooks.db"
    assert found.public_url == "http://127.0.0.1:8000"
    assert (found.platform_name, found.timeout_s, found.retention_days) == ("AppReseller", 30, 90)
    assert found.retry_schedule == APPDIRECT_WAITS_S
    assert (found.allow_targets, found.ca_file, found.legacy_token_header) == ((), None, False)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, ALLOW_TARGETS="127.0.0.0/8, ::1/128", RETRY_SCHEDULE="1,2.5", SECRET_KEYS=KEY)
    found = load()

    assert found.allow_targets == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert found.retry_schedule == (1, 2.5)
    assert [key.get_secret_value() for key in found.secret_keys] == [KEY]


def test_a_toml_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('platform_name = "Fernhill"\ntimeout_s = 5\nallow_targets = ["10.0.0.0/8"]\n')
    put(monkeypatch, CONFIG=str(file), TIMEOUT_S="7")
    found = load()

    assert (found.platform_name, found.timeout_s) == ("Fernhill", 7)
    assert found.allow_targets == (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEOUT_S", "soon"),
        ("TIMEOUT_S", "0"),
        ("ALLOW_TARGETS", "127.0.0.1/33"),
        ("RETRY_SCHEDULE", "1,-2"),
        ("RETRY_SCHEDULE", ""),
        ("RETRY_SCHEDULE", "1,inf"),
        ("RETRY_SCHEDULE", "nan"),
        ("DATABASE", "mysql://x"),
        ("DATABASE", "sqlite:///"),
        ("DATABASE", "sqlite:///:memory:"),
        ("PUBLIC_URL", "example.com"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://ana:pw@example.com"),
        ("ALLOWED_HOSTS", "https://hooks.example.com"),
        ("ALLOWED_HOSTS", "hooks.example.com:8000"),
        ("DENY_TARGETS", "10.0.0.0/40"),
        ("RETENTION_DAYS", "0"),
        ("METRICS_PORT", "65536"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_TOKEN", "with a space in the middle"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_with_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    put(monkeypatch, **{name: value})

    with pytest.raises(Refused) as refused:
        load()
    assert str(refused.value).startswith(f"RESELLER_WEBHOOKS_{name}")


def test_an_identity_provider_needs_the_client_id_too(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, OIDC_ISSUER="https://id.example.com")

    with pytest.raises(Refused, match=r"^RESELLER_WEBHOOKS_OIDC_CLIENT_ID: give the client id"):
        load()


@pytest.mark.parametrize(
    "value", ["ana:hunter2@example.com", "https://ana:hunter2@example.com", "ftp://x:hunter2@y/z"]
)
def test_the_password_of_a_wrong_public_url_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    put(monkeypatch, PUBLIC_URL=value)

    with pytest.raises(Refused) as refused:
        load()
    assert "hunter2" not in str(refused.value)
    assert "********@" in str(refused.value)


def test_a_file_with_a_name_that_nobody_knows_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("plattform_name = 1\n")
    put(monkeypatch, CONFIG=str(file))

    with pytest.raises(Refused, match="PLATTFORM_NAME"):
        load()


@pytest.mark.parametrize(
    "text",
    [
        'databse = "postgresql://ana:S3cretPw@db/x"',
        '[main]\ndatabase = "postgresql://a:S3cretPw@b"',
    ],
)
def test_the_value_of_a_name_that_nobody_knows_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    put(monkeypatch, CONFIG=str(file))

    with pytest.raises(Refused, match="nobody knows this setting; ") as refused:
        load()
    assert "S3cretPw" not in str(refused.value)


def test_a_misspelt_name_is_told_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('databse = "x"')
    put(monkeypatch, CONFIG=str(file))

    with pytest.raises(Refused, match=r"did you mean database\?"):
        load()


def test_a_wrong_value_is_told_its_reason_and_nothing_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(monkeypatch, PUBLIC_URL="example.com")

    with pytest.raises(Refused, match=r"_PUBLIC_URL: give a URL that begins with http://"):
        load()


@pytest.mark.parametrize("text", ["root:x:0:0", f"timeout_s = {'9' * 5000}", "a = " + "[" * 50_000])
def test_a_file_that_is_no_toml_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    put(monkeypatch, CONFIG=str(file))

    with pytest.raises(Refused, match="which cannot be read as TOML"):
        load()


def test_the_password_in_a_wrong_database_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, DATABASE="mysql://ana:S3cretPw@host/x")

    with pytest.raises(Refused) as refused:
        load()
    assert "S3cretPw" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, CONFIG="nowhere.toml")

    with pytest.raises(Refused, match=r"nowhere\.toml"):
        load()


def test_the_report_masks_every_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(monkeypatch, SECRET_KEYS=KEY, DATABASE=f"sqlite:///{tmp_path}/x.db")
    text, _ = report(load())

    assert KEY not in text
    assert "RESELLER_WEBHOOKS_SECRET_KEYS=********" in text


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put(monkeypatch, SECRET_KEYS="hunter2", DATABASE=f"sqlite:///{tmp_path}/x.db")

    with pytest.raises(Refused) as refused:
        report(load())
    assert "hunter2" not in str(refused.value)


def test_check_tells_of_a_server_that_takes_no_changes(empty_postgres: str) -> None:
    settings = load(database=empty_postgres, secret_keys=KEY)
    assert report(settings)[1], report(settings)[0]
    with psycopg.connect(empty_postgres, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(
                sql.Identifier(connection.info.dbname)
            )
        )

    text, is_well = report(settings)

    assert not is_well
    assert "the server is read-only" in text.splitlines()[-1]
