"""One client's session: Redshift's statements in, PostgreSQL's and our own replies out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from sandbox.cluster.postgres_errors import as_redshift
from sandbox.cluster.steps import Refuser, Step, is_special, plan, starts_with, without_aliases
from sandbox.copy.command import CopyCommand
from sandbox.copy.load import CopyResult, set_last_copy
from sandbox.dialect.sql_text import split
from sandbox.dialect.translation import Translation
from sandbox.errors import SqlError, transaction_aborted
from sandbox.postgres import wire
from sandbox.postgres.backend import Backend, BackendError, Message

FLUSH_SIZE = 1 << 16
ACTIVE_TRANSACTION = "25001"
# What PostgreSQL answers to the extended protocol, and no client that has sent a Query expects.
NOT_ASKED_FOR = (wire.PARSE_COMPLETE, wire.BIND_COMPLETE, wire.NO_DATA)
log = logging.getLogger(__name__)


class Client(Protocol):
    """The connection to the client, TLS undone."""

    def read(self) -> Message | None:
        """The next message, None when the client has gone."""

    def send(self, data: bytes) -> None:
        """Send bytes."""


Copier = Callable[[Backend, CopyCommand], CopyResult]


class Session:
    """Serves one client that has logged in, with a PostgreSQL session of its own.

    Statements that PostgreSQL understands are forwarded as they are. The others are translated,
    or, as COPY, carried out here inside the client's transaction. Each is sent alone, by a message
    that takes one statement only: where it ends is PostgreSQL's to say.
    """

    def __init__(self, client: Client, backend: Backend, copier: Copier, refuse: Refuser) -> None:
        self.client, self.backend, self.copier, self.refuse = client, backend, copier, refuse
        self._special: dict[str, Step] = {}
        self._portals: dict[str, Step] = {}
        self._skip_to_sync = self._copy_failed = False
        self._step = Translation("")  # what an error is of

    def run(self) -> None:
        """Serve until the client leaves. Raises ProtocolError on bytes that are no message."""
        handlers = {
            wire.QUERY: self._query,
            wire.PARSE: self._parse,
            wire.BIND: self._bind,
            wire.DESCRIBE: self._describe,
            wire.EXECUTE: self._execute,
            wire.CLOSE: self._close,
            wire.SYNC: self._sync,
        }
        while (message := self.client.read()) and message.kind != wire.TERMINATE:
            if message.kind == wire.FLUSH or (self._skip_to_sync and message.kind != wire.SYNC):
                continue
            if message.kind not in handlers:
                raise wire.ProtocolError(f"invalid message type {message.kind!r}")
            self._forget_failed_copy()
            handlers[message.kind](message.payload)

    # The simple protocol.

    def _query(self, payload: bytes) -> None:
        (text,) = wire.first_strings(payload, 1)
        self._portals.clear()
        try:
            self._run_script(text)
        except SqlError as problem:
            self._refuse(problem if self.backend.status != b"E" else transaction_aborted())
        self.client.send(wire.ready(self.backend.status))

    def _forget_failed_copy(self) -> None:
        """After a failed COPY its count is 0, which the rollback of its transaction took back."""
        if self._copy_failed and self.backend.status == b"I":
            self._copy_failed = False
            set_last_copy(self.backend, 0, None)

    def _run_script(self, text: str) -> None:
        steps = [plan(statement, self.refuse) for statement in split(text)]
        if len(steps) > 1:
            self._run_together(steps)
        else:
            self._run_step(steps[0] if steps else Translation(""))

    def _run_together(self, steps: list[Step]) -> None:
        """The statements of one message are one transaction, until they begin or end one.

        https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
        """
        explicit = self.backend.status != b"I"
        for step in steps:
            begins = starts_with(step, "begin", "start")
            if self.backend.status == b"I" and not (begins or getattr(step, "alone", False)):
                self.backend.execute("BEGIN")
            explicit = explicit or begins
            if not self._run_step(step):
                break
            explicit = explicit and self.backend.status != b"I"
        if not explicit and self.backend.status != b"I":
            self.backend.execute("COMMIT" if self.backend.status == b"T" else "ROLLBACK")

    def _run_step(self, step: Step) -> bool:
        """Run one step and send its replies; whether it succeeded."""
        if isinstance(step, CopyCommand):
            return self._run_copy(step)
        step = self._resolved(step)
        if step.alone and self.backend.status == b"T":
            message = f"{step.alone} cannot run inside a transaction block"
            self._refuse(SqlError(message, ACTIVE_TRANSACTION))
            return False
        if step.own:
            return self._run_followed(step.sql, step.own)
        self.backend.send(wire.statement(step.sql))
        return self._relay()

    def _resolved(self, step: Translation) -> Translation:
        """The statement with its aliases settled; from now on errors are of it."""
        self._step = without_aliases(step, self.backend)
        return self._step

    def _run_followed(self, sql: str, own: str) -> bool:
        """Run a statement, and then one of the sandbox's own as if it were a part of it."""
        is_alone = self.backend.status == b"I"
        try:
            if is_alone:
                self.backend.execute("BEGIN")
            self.backend.send(wire.statement(sql))
            succeeded, replies = self._collect()
            if succeeded:
                self.backend.execute(own)
            if is_alone and self.backend.status != b"I":
                self.backend.execute("COMMIT" if succeeded else "ROLLBACK")
        except BackendError as problem:
            succeeded, replies = False, as_redshift(problem.message, self._step).to_bytes()
            if is_alone and self.backend.status != b"I":
                self.backend.execute("ROLLBACK")
        self.client.send(replies)
        return succeeded

    def _collect(self) -> tuple[bool, bytes]:
        """Whether a statement that has few replies has succeeded, and these."""
        messages = [each for each in self.backend.replies() if each.kind not in NOT_ASKED_FOR]
        succeeded = all(message.kind != wire.ERROR for message in messages)
        return succeeded, b"".join(map(self._seen, messages))

    def _relay(self) -> bool:
        """Relay the replies to a statement; whether it has succeeded."""
        succeeded, pending = True, bytearray()
        for message in self.backend.replies():
            if message.kind in NOT_ASKED_FOR:
                continue
            succeeded = succeeded and message.kind != wire.ERROR
            pending += self._seen(message)
            if len(pending) > FLUSH_SIZE:
                self.client.send(bytes(pending))
                pending.clear()
        self.client.send(bytes(pending))
        return succeeded

    def _seen(self, message: Message) -> bytes:
        is_error = message.kind == wire.ERROR
        return (as_redshift(message, self._step) if is_error else message).to_bytes()

    def _refuse(self, problem: SqlError) -> None:
        """Send an error of our own, which ends an open transaction as any error does."""
        self.backend.fail_transaction()
        self.client.send(
            wire.error(problem.message, problem.sqlstate, detail=problem.detail, hint=problem.hint)
        )

    # COPY, and the two functions that ask about the last one.

    def _run_copy(self, command: CopyCommand) -> bool:
        try:
            if self.backend.status == b"E":
                raise transaction_aborted()
            result = self._load(command)
        except SqlError as problem:
            self._copy_failed = problem.copy_id is not None
            if self.backend.status == b"I" and self._copy_failed:
                set_last_copy(self.backend, 0, problem.copy_id)
            self._refuse(problem)
            return False
        notices = map(wire.notice, result.notices)
        self.client.send(wire.join([*notices, wire.command_complete("COPY")]))
        return True

    def _load(self, command: CopyCommand) -> CopyResult:
        """Carry the COPY out; whatever goes wrong is an error of the statement, no more."""
        try:
            return self.copier(self.backend, command)
        except BackendError as problem:
            code, detail = problem.fields.get("C", ""), problem.fields.get("D", "")
            raise SqlError(str(problem), code, detail) from problem
        except (SqlError, ConnectionError):
            raise
        except Exception as problem:
            log.exception("COPY failed in the sandbox")
            raise SqlError(f"the sandbox failed: {type(problem).__name__}: {problem}") from problem

    # The extended protocol: each message is answered at once, so that Flush has nothing to do.

    def _parse(self, payload: bytes) -> None:
        name, text = wire.first_strings(payload, 2)
        try:
            statements = split(text)
            if len(statements) > 1:
                raise SqlError("cannot insert multiple commands into a prepared statement", "42601")
            step = plan(statements[0] if statements else "", self.refuse)
        except SqlError as problem:
            self._refuse(problem if self.backend.status != b"E" else transaction_aborted())
            self._skip_to_sync = True
            return
        self._special.pop(name, None)
        if is_special(step):
            self._special[name] = step
            self.client.send(wire.message(wire.PARSE_COMPLETE))
            return
        assert isinstance(step, Translation)
        step = self._resolved(step)
        rest = payload[len(wire.text(name) + wire.text(text)) :]
        self._pass(wire.PARSE, wire.text(name) + wire.text(step.sql) + rest, wire.PARSE_COMPLETE)

    def _bind(self, payload: bytes) -> None:
        portal, name = wire.first_strings(payload, 2)
        self._portals.pop(portal, None)
        if name in self._special:
            self._portals[portal] = self._special[name]
            self.client.send(wire.message(wire.BIND_COMPLETE))
        else:
            self._pass(wire.BIND, payload, wire.BIND_COMPLETE)

    def _describe(self, payload: bytes) -> None:
        (name,) = wire.first_strings(payload[1:], 1)
        if payload[:1] == b"S" and name in self._special:
            parameters = wire.message(wire.PARAMETER_DESCRIPTION, b"\0\0")
            self.client.send(parameters + wire.message(wire.NO_DATA))
        elif payload[:1] == b"P" and name in self._portals:
            self.client.send(wire.message(wire.NO_DATA))
        else:
            self._pass(wire.DESCRIBE, payload, wire.ROW_DESCRIPTION + wire.NO_DATA)

    def _execute(self, payload: bytes) -> None:
        (portal,) = wire.first_strings(payload, 1)
        if portal in self._portals:
            self._skip_to_sync = not self._run_step(self._portals[portal])
        else:
            ends = wire.COMMAND_COMPLETE + wire.EMPTY_QUERY + wire.PORTAL_SUSPENDED
            self._pass(wire.EXECUTE, payload, ends)

    def _close(self, payload: bytes) -> None:
        (name,) = wire.first_strings(payload[1:], 1)
        known = self._special if payload[:1] == b"S" else self._portals
        if known.pop(name, None):
            self.client.send(wire.message(wire.CLOSE_COMPLETE))
        else:
            self._pass(wire.CLOSE, payload, wire.CLOSE_COMPLETE)

    def _sync(self, payload: bytes) -> None:
        self._skip_to_sync = False
        self.backend.send(wire.message(wire.SYNC, payload))
        self._relay()
        if self.backend.status == b"I":
            self._portals.clear()
        self.client.send(wire.ready(self.backend.status))

    def _pass(self, kind: bytes, payload: bytes, ends: bytes) -> None:
        """Forward one message and relay its replies up to one whose type is in `ends`."""
        self.backend.send(wire.message(kind, payload) + wire.message(wire.FLUSH))
        pending = bytearray()
        while True:
            message = self.backend.receive()
            pending += self._seen(message)
            self._skip_to_sync = message.kind == wire.ERROR
            if self._skip_to_sync or message.kind in ends:
                break
            if len(pending) > FLUSH_SIZE:
                self.client.send(bytes(pending))
                pending.clear()
        self.client.send(bytes(pending))
