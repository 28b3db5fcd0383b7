"""Every setting: name, type, default and meaning."""

import os
import re
from email.utils import parseaddr
from math import isfinite
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from reseller_webhooks.core.access.quotas import LIMIT_MAX, Limits, Quota
from reseller_webhooks.core.database_url import SCHEMES, PostgresUrl, check_sqlite
from reseller_webhooks.core.smtp_url import SmtpUrl
from reseller_webhooks.core.webhooks.ip_policy import Network, TargetNetworks

PREFIX = "RESELLER_WEBHOOKS_"
CONFIG = PREFIX + "CONFIG"
FORWARDED_ALLOW_IPS = "FORWARDED_ALLOW_IPS"
APPDIRECT_WAITS_S = (300, 600, 1200, 2400, 3600, 7200, 14400, 28800, 57600, 115200)
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")
"""A bearer token (RFC 6750, 2.1), long enough not to be guessed."""
HOST_PATTERN = re.compile(r"\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
MAIL_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
WAIT_MAX_S = 366 * 86_400
Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]


class Settings(BaseSettings):
    """The settings of an operator. `reseller-webhooks check` prints them with secrets masked."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    database: str = Field(
        "sqlite:///data/reseller-webhooks.db", description="sqlite:///file or postgresql://..."
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="base of resource.url and of links"
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma list of host names that requests may be for beside that of PUBLIC_URL, "
        "for example *.internal; * for any",
    )
    platform_name: str = Field("AppReseller", description="shown on pages")
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="comma list, first encrypts, all decrypt; "
        "generated into data/secret-keys when empty",
    )
    allow_targets: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="CIDRs that targets may be in though not global, for example 127.0.0.0/8",
    )
    deny_targets: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="CIDRs that are never a target, even if ALLOW_TARGETS names them: "
        "own public addresses, NAT64 prefixes of the site",
    )
    ca_file: Path | None = Field(
        None, description="PEM trusted in addition for targets and token URLs"
    )
    retry_schedule: Annotated[tuple[Annotated[int | float, Field(gt=0)], ...], NoDecode] = Field(
        APPDIRECT_WAITS_S, description="seconds between attempts"
    )
    timeout_s: float = Field(30, gt=0, le=300, description="per attempt, all of it")
    lease_s: float = Field(
        15, ge=1, le=300, description="a worker that died is replaced after as long as this"
    )
    retention_days: int = Field(90, ge=1, description="how long events and attempts are kept")
    legacy_token_header: bool = Field(
        False, description="also send the token as AppDirect-Webhook-Token"
    )

    keep_alive_s: float = Field(
        75, gt=0, le=3600, description="an idle connection is kept as long as this"
    )
    limit_connections: int = Field(2000, ge=10, description="connections of a process at once")
    limit_connections_per_address: int = Field(
        256, ge=1, description="of them from one address, trusted proxies apart"
    )
    limit_anonymous_requests: int = Field(
        8, ge=1, description="requests without a valid key or session that are worked on at once"
    )
    limit_anonymous_requests_per_address: Limit = Field(2, description="of them from one address")
    limit_reseller_requests_at_once: Limit = Field(4, description="requests of a reseller at once")
    limit_header_bytes: int = Field(
        65_536, ge=4096, description="bytes of a request line and of all header fields with it"
    )
    limit_header_fields: int = Field(200, ge=20, description="header fields of a request")
    limit_headers_within_s: float = Field(
        10, gt=0, le=300, description="from a request's first byte to the end of its header fields"
    )

    limit_webhooks: Limit = Field(5_000, description="webhooks of a reseller")
    limit_requests_per_second: Limit = Field(
        200, description="API requests of a reseller's keys, in each process; 10 s' worth at once"
    )
    limit_changes_per_second: Limit = Field(
        10_000, description="changes of a reseller's records, in each process; 10 s' worth at once"
    )
    limit_invites_per_hour: Limit = Field(200, description="invites for a reseller")
    limit_tests_per_hour: Limit = Field(1_000, description="test notifications of a reseller")
    limit_retries_per_hour: Limit = Field(10_000, description="retries by hand of a reseller")
    limit_webhook_changes_per_hour: Limit = Field(5_000, description="changes of its webhooks")
    limit_user_changes_per_hour: Limit = Field(1_000, description="changes of its users")
    limit_backfill_records: Limit = Field(10_000_000, description="records of one backfill")
    limit_stored_bytes: Limit = Field(2**40, description="bytes that a reseller stores, about")
    limit_deliveries_at_once: int = Field(
        0, ge=0, description="requests to receivers at once, of a process; 0: as memory allows"
    )

    metrics_token: SecretStr = Field(
        SecretStr(""), description="bearer token that a scrape of /metrics shows; empty for none"
    )
    metrics_host: str = Field("127.0.0.1", description="address of METRICS_PORT")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="port for /metrics alone; 0 for the port of everything else"
    )

    oidc_issuer: str = Field(
        "", description="https URL of an OpenID Connect provider that people may sign in with"
    )
    oidc_client_id: str = Field(
        "", validate_default=True, description="what that provider knows this program by"
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="shown to that provider; empty for a public client"
    )

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="mail server for alerts, smtp://user:password@host:587 or smtps://...; "
        "without one, alerts are in the log",
    )
    mail_from: str = Field(
        "", validate_default=True, description="sender of e-mails, for example hooks@example.com"
    )

    @property
    def quotas(self) -> Limits:
        """The default quotas of a reseller."""
        return {quota: getattr(self, quota.setting.lower()) for quota in Quota}

    @property
    def target_networks(self) -> TargetNetworks:
        """ALLOW_TARGETS and DENY_TARGETS together."""
        return TargetNetworks(self.allow_targets, self.deny_targets)

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_over_tls(cls, value: str) -> str:
        if value and not value.startswith("https://"):
            raise ValueError("give a URL that begins with https://")
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _known_to_issuer(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not value:
            raise ValueError("give the client id that the provider of OIDC_ISSUER has registered")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            SmtpUrl.parse(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_address(cls, value: str, info: ValidationInfo) -> str:
        smtp_url = info.data.get("smtp_url")
        is_sending = smtp_url is not None and bool(smtp_url.get_secret_value())
        if (value or is_sending) and not MAIL_ADDRESS.fullmatch(parseaddr(value)[1]):
            raise ValueError(
                "give an address, such as hooks@example.com or Hooks <hooks@example.com>"
            )
        return value

    @field_validator("metrics_token")
    @classmethod
    def _token_in_a_header(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token and not TOKEN.fullmatch(token):
            raise ValueError(
                "give 16 or more letters, digits and characters of -._~+/= without spaces"
            )
        return value

    @field_validator(
        *("secret_keys", "allowed_hosts", "allow_targets", "deny_targets", "retry_schedule"),
        mode="before",
    )
    @classmethod
    def _comma_list(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(item.strip() for item in value.split(",") if item.strip())

    @field_validator("retry_schedule")
    @classmethod
    def _finite_waits(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or not all(isfinite(wait) and wait <= WAIT_MAX_S for wait in value):
            raise ValueError("give one wait at least, each of seconds up to a year: 300,600,1200")
        return value

    @field_validator("public_url")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or not urlsplit(value).hostname:
            raise ValueError("give a URL that begins with http:// or https:// and names a host")
        if "@" in urlsplit(value).netloc:
            raise ValueError("leave user name and password out: every notification shows this URL")
        return value.rstrip("/")

    @field_validator("allowed_hosts")
    @classmethod
    def _host_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not HOST_PATTERN.fullmatch(host):
                raise ValueError("give names without scheme and port, as in *.example.com")
        return tuple(host.lower() for host in value)

    @field_validator("database")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value.startswith(SCHEMES):
            PostgresUrl.parse(value)
        else:
            check_sqlite(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the TOML file."""
        del dotenv_settings, file_secret_settings  # not offered
        config = os.environ.get(CONFIG)
        files = (TomlConfigSettingsSource(settings_cls, config),) if config else ()
        return (init_settings, env_settings, *files)
