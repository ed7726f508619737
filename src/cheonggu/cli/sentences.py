"""What goes wrong on the command line and can be helped: a sentence."""

from __future__ import annotations


class Misused(Exception):
    """A wrong option or argument; the sentence it carries says which. Empty when help was shown instead."""


def sentence_of(error: Exception) -> str | None:
    """What to tell the user, or None for an error that is ours and needs its traceback."""
    from cheonggu.billing.onboarding import AccountRefused
    from cheonggu.cli.part import Stopped
    from cheonggu.cli.process import CannotListen
    from cheonggu.client import AddressWrong
    from cheonggu.config import SettingWrong
    from cheonggu.domain.codes import Refused
    from cheonggu.sandbox.remote import SandboxRefused
    from cheonggu.scenarios.report import CannotPlay
    from cheonggu.scenarios.script import ScriptWrong
    from cheonggu.store.backup import BackupRefused
    from cheonggu.store.embedded import EmbeddedError
    from cheonggu.store.migrations import SchemaMismatch
    from cheonggu.store.postgres import DatabaseAway, ServerUnfit
    from cheonggu.store.sealing import KeyUnfit, SealBroken

    known = (
        AccountRefused,
        BackupRefused,
        AddressWrong,
        DatabaseAway,
        EmbeddedError,
        KeyUnfit,
        Misused,
        Stopped,
        CannotListen,
        CannotPlay,
        SandboxRefused,
        ScriptWrong,
        Refused,
        SchemaMismatch,
        SealBroken,
        ServerUnfit,
        SettingWrong,
    )
    return str(error) if isinstance(error, known) else None
