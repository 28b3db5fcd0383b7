"""The table of a webhook's settings: everything that lists settings agrees with it, and no more
than five files of the program name one of them.
"""

import ast
import re
from pathlib import Path

import pytest

from reseller_webhooks.core.webhooks.settings import DELIVERY, SETTINGS, Kind, Setting, Unset
from reseller_webhooks.core.webhooks.webhook import Spec, SpecPatch
from reseller_webhooks.http.api.schemas import webhooks as shapes
from reseller_webhooks.store.tables import webhook
from reseller_webhooks.store.tables.webhooks import CHOICE_LENGTH

ROOT = Path(__file__).parent.parent.parent / "src" / "reseller_webhooks"
FILES_MAX = 5
NAMESAKES = {
    "rate_per_second": {"http/api/routes/backfills.py"},  # the rate of a backfill
}


def _names(path: Path) -> set[str]:
    """What the code of a Python file names: attributes, fields, arguments and keys."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(attr=name) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Constant(value=str(name)):
                found.add(name)
            case ast.keyword(arg=str(name), value=value) if not isinstance(value, ast.Constant):
                found.add(name)
    return found


def _naming(setting: Setting) -> list[str]:
    spellings = {setting.name, setting.api_name}
    word = re.compile(rf"\b({'|'.join(spellings)})\b")
    python = {path for path in ROOT.rglob("*.py") if spellings & _names(path)}
    others = {*ROOT.rglob("templates/*.html"), *ROOT.rglob("static/*.js")}
    pages = {path for path in others if word.search(path.read_text())}
    found = {path.relative_to(ROOT).as_posix() for path in python | pages}
    namesakes = NAMESAKES.get(setting.name, set())
    assert namesakes <= found
    return sorted(found - namesakes)


@pytest.mark.parametrize("name", ["mode", "ordered", "max_in_flight", "rate_per_second"])
def test_few_files_name_a_delivery_setting(name: str) -> None:
    files = _naming(SETTINGS[name])

    assert "core/webhooks/settings.py" in files
    assert "http/pages/templates/webhook_settings.html" in files
    assert len(files) <= FILES_MAX, files


@pytest.mark.parametrize("model", [Spec, SpecPatch, shapes.Webhook, shapes.NewWebhook])
def test_requests_and_answers_have_every_setting_of_the_table(model: type) -> None:
    assert model.model_fields.keys() >= SETTINGS.keys()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_a_setting_has_a_column_that_holds_its_values(setting: Setting) -> None:
    column = webhook.c[setting.name]

    assert column.nullable == setting.is_optional
    assert (column.server_default is not None) == setting.has_column_default
    if setting.kind is Kind.CHOICE:
        assert max(map(len, setting.value_type)) <= CHOICE_LENGTH
    elif setting.kind is not Kind.ACTIONS:
        assert column.type.python_type is setting.value_type


@pytest.mark.parametrize("setting", DELIVERY, ids=lambda one: one.name)
def test_a_delivery_setting_has_a_default_that_a_request_may_state(setting: Setting) -> None:
    spec = Spec(url="https://crm.example/in", resource="COMPANY", actions=["ADDED"])
    stated = Spec.model_validate(spec.model_dump() | {setting.name: setting.default})

    assert getattr(stated, setting.name) == getattr(spec, setting.name) == setting.default


def test_a_setting_that_a_patch_does_not_name_has_no_value_and_no_schema_states_one() -> None:
    patch = SpecPatch.model_validate({"ratePerSecond": None})

    assert patch.model_fields_set == {"rate_per_second"}
    assert (patch.rate_per_second, patch.max_in_flight) == (None, Unset.UNSET)
    schema = SpecPatch.model_json_schema()
    assert not [name for name, stated in schema["properties"].items() if "default" in stated]
    assert "required" not in schema
