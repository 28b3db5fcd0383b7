"""Composes the program: which parts run in this process, in what sequence they start and stop.

On SQLite usually one process runs everything; `api` answers requests, `worker` sends.
"""

import socket
from collections.abc import AsyncIterator, Callable, Set
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from functools import partial

import structlog
from anyio import to_thread
from starlette.applications import Starlette

from reseller_webhooks import __version__, crypto, observability
from reseller_webhooks.bootstrap import handing_over
from reseller_webhooks.bootstrap.capacity import deliveries_at_once
from reseller_webhooks.bootstrap.conditions import Conditions
from reseller_webhooks.bootstrap.quota_refresh import refresh_quotas
from reseller_webhooks.bootstrap.readiness import Readiness
from reseller_webhooks.bootstrap.secret_keys import SecretsCheck, open_box, warn_of_local_keys
from reseller_webhooks.bootstrap.system_clock import SystemClock
from reseller_webhooks.bootstrap.worker_processes import WorkerProcesses
from reseller_webhooks.core.deliveries.cloudevents import EVENTS
from reseller_webhooks.core.deliveries.retry import RetryPolicy
from reseller_webhooks.core.health import clocks
from reseller_webhooks.core.health.conditions import Severity
from reseller_webhooks.core.smtp_url import SmtpUrl
from reseller_webhooks.engine.engine import Engine
from reseller_webhooks.engine.jobs.backfills import Backfills
from reseller_webhooks.engine.jobs.jobs import JobRunner
from reseller_webhooks.engine.jobs.maintenance import Maintenance
from reseller_webhooks.engine.ownership.leases import Leases
from reseller_webhooks.engine.ownership.single_node import ProcessLock
from reseller_webhooks.engine.sending.attempt_runner import AttemptRunner
from reseller_webhooks.engine.sending.example_sender import ExampleSender
from reseller_webhooks.engine.sending.sender import Sender
from reseller_webhooks.engine.sending.token_cache import TokenCache
from reseller_webhooks.engine.store_adapter import StoreAdapter
from reseller_webhooks.http.app import create_app
from reseller_webhooks.http.edge.commit_signal import CommitSignal
from reseller_webhooks.http.edge.request_threads import request_threads
from reseller_webhooks.ingest.intake import Intake
from reseller_webhooks.mail.mailer import Mailer
from reseller_webhooks.mail.messages import AlertMessages
from reseller_webhooks.mail.smtp import SmtpServer
from reseller_webhooks.observability import runtime
from reseller_webhooks.operations import generations, leases
from reseller_webhooks.operations.concurrency import ConcurrencyLimit
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.operations.leases import Worker
from reseller_webhooks.operations.public_ids import PublicIds
from reseller_webhooks.operations.quotas import Quotas
from reseller_webhooks.operations.readiness import check as check_readiness
from reseller_webhooks.operations.readiness import damage
from reseller_webhooks.operations.test_webhook import TESTS_MAX
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db import migrate, privileges
from reseller_webhooks.store.db.commits import CommitEffects
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.notify import Notifications
from reseller_webhooks.supervision import Tasks

SENDS_BESIDE = 100
"""Concurrent requests of test notifications, in addition to those of deliveries."""

log = structlog.get_logger()


class ProcessRole(StrEnum):
    """Roles of a process."""

    ALL = "all"
    API = "api"
    WORKER = "worker"


class Program:
    """One process of Reseller Webhooks. workers: its worker processes, which send in its place."""

    def __init__(
        self,
        settings: Settings,
        role: ProcessRole = ProcessRole.ALL,
        workers: WorkerProcesses | None = None,
    ) -> None:
        self.settings, self.role = settings, role
        self._workers = workers
        self.database = Database(settings.database)
        self.box = open_box(settings)
        self._at_once = deliveries_at_once(settings)
        self._sender = self._make_sender()
        self._store = StoreAdapter(self.database, self.box, _worker(settings))
        self._leases = Leases(self._store, ttl_s=settings.lease_s, hold_s=settings.timeout_s)
        self._notifications = Notifications(settings.database, self._notified)
        self._event_commits = CommitSignal(self._notifications.listen)
        self._attempt_runner = self._make_attempt_runner()
        self.database.commits.listen(self._committed)
        self._quotas = Quotas(self.database, settings.quotas)
        self.intake = Intake(self.database, settings.public_url, self._quotas)
        self._engine: Engine | None = None
        self.failed: Callable[[str], None] = lambda _: None
        """Called when a loop of this process ended, so that the process must end."""
        self._tasks = Tasks(self._fail)
        self.conditions = Conditions()
        self.conditions.add(self._tasks.conditions)
        self.conditions.add(self._sender.trust.conditions)
        self.conditions.add(lambda: clocks.store_conditions(self.database.clock.ahead_s()))
        observability.clock_skew_seconds.set_function(self.database.clock.ahead_s)
        self.conditions.add(self.intake.conditions)
        self.conditions.add(lambda: damage(self.database))
        self._secrets_check = SecretsCheck(self.database, self.box)
        self.conditions.add(self._secrets_check.conditions)
        if workers:
            self.conditions.add(workers.conditions)
        self.context = self._make_context()

    def _make_sender(self) -> Sender:
        return Sender(
            timeout_s=self.settings.timeout_s,
            ca_file=self.settings.ca_file,
            networks=self.settings.target_networks,
            limit=self._at_once + SENDS_BESIDE,
        )

    def _make_attempt_runner(self) -> AttemptRunner:
        settings = self.settings
        return AttemptRunner(
            send=self._sender.send,
            tokens=TokenCache(self._sender),
            clock=SystemClock(self._leases.clock),
            policy=RetryPolicy(tuple(settings.retry_schedule)),
            legacy_token=settings.legacy_token_header,
            source=settings.public_url + EVENTS,
            timeout_s=settings.timeout_s,
            turn=self._sender.turn,
        )

    def _make_mailer(self) -> Mailer:
        url = self.settings.smtp_url.get_secret_value()
        trust = self._sender.trust
        server = SmtpServer(SmtpUrl.parse(url), lambda: trust.context) if url else None
        return Mailer(self.database, AlertMessages(self.settings, self.box), server)

    def _make_context(self) -> AppContext:
        readiness = Readiness(self.conditions, lambda: check_readiness(self.database))
        now, public_url = self.database.clock.now, self.settings.public_url
        examples = ExampleSender(self._attempt_runner, now, public_url)
        return AppContext(
            settings=self.settings,
            database=self.database,
            box=self.box,
            quotas=self._quotas,
            ids=PublicIds(self.database),
            submit=self.intake.submit,
            send_test=examples.send,
            event_commits=self._event_commits,
            tests=ConcurrencyLimit(TESTS_MAX),
            conditions=self.conditions.collect,
            readiness=readiness.conditions,
        )

    def prepare(self) -> None:
        """Check the tables and the rights to them, so that a refusal comes before any start."""
        migrate.check(self.database)
        if lacking := privileges.check(self.database):
            log.warning(privileges.sentence(lacking), remedy=privileges.REMEDY)
        if line := clocks.store_line(self.database.clock.ahead_s()):
            log.warning(line)
        warn_of_local_keys(self.settings)

    def asgi(self) -> Starlette:
        """The program as a web application; it runs as long as its lifespan."""
        has_pages = self.role is not ProcessRole.WORKER
        return create_app(
            self.context,
            lifespan=lambda _: self.running(),
            tls=(lambda: self._sender.trust.context) if has_pages else None,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start every part, and stop them the other way round. `prepare` comes first."""
        self.database.outage.is_reported = True
        generations.notice(self.database)
        threads = request_threads(self.settings.limit_anonymous_requests)
        to_thread.current_default_thread_limiter().total_tokens = threads
        runtime.describe_build(
            version=__version__, role=self.role, database=self.database.engine.dialect.name
        )
        async with AsyncExitStack() as stack:
            stack.callback(self.database.close)
            await stack.enter_async_context(self._sender)
            sends = self.role is not ProcessRole.API and self._workers is None
            self._notifications.start(listens=sends)
            stack.callback(self._notifications.stop)
            if sends:
                await stack.enter_async_context(self._sending())
            else:  # Where webhooks are sent, their secrets are opened anyway.
                self._tasks.spawn("secrets check", self._secrets_check.run, Severity.DEGRADED)
            if self._workers:
                await stack.enter_async_context(self._workers)
            stack.push_async_callback(self._tasks.stop)
            self._tasks.spawn("event_loop_lag", runtime.measure_event_loop, Severity.DEGRADED)
            self._tasks.spawn("quotas", partial(refresh_quotas, self._quotas), Severity.DEGRADED)
            self.intake.start(self._tasks)
            if self.settings.ca_file:
                self._tasks.spawn("CA_FILE", self._sender.trust.watch, Severity.DEGRADED)
            stack.push_async_callback(self.intake.stop)
            yield

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        lock = self._lock_database_file()
        maintenance = Maintenance(
            self.database,
            retention_days=self.settings.retention_days,
            schedule_s=self._attempt_runner.span_s,
        )
        engine = Engine(
            self._store,
            self._attempt_runner,
            self._leases,
            slots=self._at_once,
            ended=self._fail,
            others_deliveries=self._notifications.give,
        )
        backfills = Backfills(self.database, public_url=self.settings.public_url)
        jobs = JobRunner(self.database)
        await engine.start()
        self._engine = engine
        self.database.commits.taker = handing_over.taker(engine, self._notifications)
        self.conditions.add(engine.conditions)
        self._tasks.spawn("maintenance", maintenance.run, Severity.DEGRADED)
        self._tasks.spawn("backfills", backfills.run, Severity.DEGRADED)
        self._tasks.spawn("jobs", jobs.run, Severity.DEGRADED)
        mailer = self._make_mailer()
        self.conditions.add(mailer.conditions)
        self._tasks.spawn("e-mails", mailer.run, Severity.DEGRADED)
        try:
            yield
        finally:
            self.database.commits.taker = None
            await engine.stop()
            self._notifications.give()
            self._store.close()
            if lock:
                lock.release()

    def _lock_database_file(self) -> ProcessLock | None:
        """On SQLite: lock the file; if no other process does, free a killed worker's leases."""
        file = Database.file_of(self.settings.database)
        if file is None:
            return None
        lock = ProcessLock(file)
        if lock.acquire():
            leases.vacate(self.database)
            lock.share()
        return lock

    def _fail(self, task: str) -> None:
        self.failed(task)

    def _committed(self, written: Set[CommitEffects]) -> None:
        """Wake engines and waiting readers, here and in other processes. From any thread."""
        if written != {CommitEffects.EVENTS}:
            self._wake(
                webhooks=CommitEffects.WEBHOOKS in written,
                fan_out=CommitEffects.FAN_OUTS in written,
            )
        if CommitEffects.EVENTS in written:
            self._event_commits.notify()
        self._notifications.give()

    def _notified(self) -> None:
        """Another process, or this one, has committed. From any thread."""
        self._wake(webhooks=False)
        self._event_commits.notify()

    def _wake(self, *, webhooks: bool, fan_out: bool = False) -> None:
        if self._engine:
            self._engine.wake(webhooks=webhooks, fan_out=fan_out)


def _worker(settings: Settings) -> Worker:
    return Worker(crypto.new_id(), socket.gethostname(), __version__, settings.lease_s)
