"""Who could come in before 0005 still can after it."""

from pathlib import Path

from alembic import command
from sqlalchemy import text

from reseller_webhooks import crypto
from reseller_webhooks.operations import authentication
from reseller_webhooks.store.db import migrate
from reseller_webhooks.store.db.database import Database
from tests.passwords import sign_in

PASSWORD, KEY = "correct horse battery", "rwk_" + "k" * 43
BEFORE = "0004"


def as_it_was(database: Database, folder: Path) -> Database:
    """An empty database of the same kind, with the tables of that time."""
    one = database
    if database.url.startswith("sqlite"):
        one = Database(f"sqlite:///{folder}/before.db")
    else:
        with one.write() as tx:
            tx.connection.execute(text("DROP SCHEMA public CASCADE"))
            tx.connection.execute(text("CREATE SCHEMA public"))
    config = migrate.alembic_config()
    with one.write() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, BEFORE)
    return one


def test_people_passwords_and_keys_outlive_the_upgrade(database: Database, tmp_path: Path) -> None:
    old = as_it_was(database, tmp_path)
    given = {"hash": crypto.hash_password(PASSWORD), "key": crypto.fingerprint(KEY)}
    with old.write() as tx:
        for statement in (
            "INSERT INTO person (id, uuid, email, password, role, failures, created_at) "
            "VALUES (1, 'p', 'ana@acme.example', :hash, 'operator', 3, 1)",
            "INSERT INTO session (fingerprint, person_id, csrf, created_at, expires_at) "
            "VALUES ('f', 1, 'c', 1, 9000000000000000)",
            "INSERT INTO api_key (uuid, fingerprint, start, scope, created_at) "
            "VALUES ('k', :key, 'rwk_kkkkkk', 'platform', 1)",
        ):
            named = {name: text for name, text in given.items() if f":{name}" in statement}
            tx.connection.execute(text(statement), named)
    migrate.upgrade(old)
    token = sign_in(old, "ana@acme.example", PASSWORD)

    assert authentication.visitor(old, token).is_operator
    assert authentication.caller(old, KEY).name == "rwk_kkkkkk"
    migrate.check(old)
