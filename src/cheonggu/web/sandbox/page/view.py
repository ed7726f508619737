"""The page as a whole: who looks, what is read for it at one moment, and what its template is given."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from typing import get_args

import msgspec
from markupsafe import Markup

from cheonggu.billing import own_partners, sandbox_partners
from cheonggu.billing.first_bill import curl, first_bill
from cheonggu.billing.own_partners import Identity
from cheonggu.domain.codes import Refused
from cheonggu.domain.quirks import PROFILES
from cheonggu.domain.seoul import SEOUL, end_of, today
from cheonggu.service import Service
from cheonggu.store import listeners, trouble
from cheonggu.store import practice_page as stored
from cheonggu.store.postgres import Connection, Row
from cheonggu.web import forms
from cheonggu.web.sandbox.armed import Armed
from cheonggu.web.sandbox.fates import MessageOutcome
from cheonggu.web.sandbox.inspection import rehearsed
from cheonggu.web.sandbox.journal import Journal
from cheonggu.web.sandbox.page import bills, clock, lab, owning, phone, probing, requests, wallet, wishing
from cheonggu.web.sandbox.page.place import Place
from cheonggu.web.sandbox.page.timeline import Rows
from cheonggu.web.sandbox.page.words import say

PURPOSE = "sandbox page"
_MOST_OF_A_BILL = 50


async def who_is_meant(service: Service, place: Place) -> Identity:
    """The sandbox partner that a place names, else the first. Raises Refused when there is none at all."""
    try:
        return await own_partners.known(service.db, service.keyring, place.partner)
    except Refused:
        return await own_partners.known(service.db, service.keyring, sandbox_partners.FIRST.name)


def wallet_code(who: Identity) -> str:
    """The wallet that pays for the messages of the partner's merchant."""
    return "" if who.wallet_kind == "PARTNER" else who.merchant or ""


async def shown(
    service: Service, place: Place, here: str, journal: Journal, wanted: Armed
) -> dict[str, object]:
    """What the template is given. `here` is the address that the reader knows us by."""
    who = await who_is_meant(service, place)
    names = await stored.names(service.db)
    place = msgspec.structs.replace(place, partner=who.name)
    now, language = service.clock.now(), place.language

    async def look(conn: Connection) -> dict[str, object]:
        return await _read(conn, service, who, place, now)

    read = await service.db.run_at_one_moment(look)

    def t(phrase: str, **figures: object) -> Markup:
        return say(language, phrase, **figures)

    if place.show == "inspection" and who.api_key:
        read |= await _inspection(service, who, journal)
    local = datetime.now(SEOUL)
    example = first_bill(local, here)
    return read | {
        "t": t,
        "place": place,
        "who": who,
        "names": names if who.name in names else [who.name, *names],
        "token": forms.token(service.keyring.form_key, who.name, PURPOSE, time.time()),
        "once": secrets.token_hex(8),
        "example": example,
        "curl": curl(here, who, example) if who.api_key else "",
        "here": here,
        "requests": requests.requests(journal, who.api_key, place) if place.show == "requests" else [],
        "waiting": wishing.waiting(wanted, who.api_key, language),
        "codes": wishing.offered(language) if place.show == "requests" else [],
        "paths": wishing.PATHS,
        "profiles": PROFILES,
        "switches": owning.SWITCHES,
        "switched": owning.switched(who),
        "presets": wallet.PRESETS,
        "probe_kinds": probing.PRESETS,
        "probed": None,
        "fates": get_args(MessageOutcome),
        "day": today(now).isoformat(),
    }


async def _inspection(service: Service, who: Identity, journal: Journal) -> dict[str, object]:
    api_key = who.api_key or ""
    verdicts, mail = await rehearsed(service, who.partner_id, api_key, journal.reads(api_key), {})
    return {"verdicts": verdicts, "mail": mail}


async def _read(
    conn: Connection, service: Service, who: Identity, place: Place, now: datetime
) -> dict[str, object]:
    partner_id, language = who.partner_id, place.language
    day_began = end_of(today(now)) - timedelta(days=1)
    offset_seconds: float = await conn.fetchval("SELECT offset_seconds FROM clock")
    messages = await stored.newest_messages(conn, partner_id, phone.MOST_SHOWN)
    figures = await stored.figures(conn, partner_id, wallet_code(who), day_began)
    read: dict[str, object] = {
        "figures": figures,
        "bubbles": phone.bubbles(messages, place, service.keyring, service.settings.public_url),
        "now": clock.shown(now, offset_seconds, None, language),
        "counted": stored.COUNTED,
    }
    match place.show:
        case "callbacks":
            row = await stored.bill(conn, partner_id, place.bill) if place.bill else None
            rows = await stored.callbacks(
                conn, partner_id, lab.MOST_CALLBACKS, row["bill_no"] if row else None
            )
            befalling = await trouble.of_partner(conn, partner_id, now)
            return read | {
                "callbacks": lab.callbacks(rows, place, now),
                "of_bill": row and row["bill_id"],
                "troubles": lab.troubles(befalling, language),
                "listening": await listeners.of_partner(conn, partner_id),
                "trouble_kinds": lab.TROUBLES,
            }
        case "wallet":
            rows = await stored.entries(conn, partner_id, wallet_code(who), wallet.ENTRIES_SHOWN)
            return read | {"entries": wallet.entries(rows, place)}
        case "clock":
            next_try = await stored.next_try(conn, partner_id, now)
            return read | {"now": clock.shown(now, offset_seconds, next_try, language)}
        case "requests" | "send" | "partners" | "inspection":
            return read
        case _:
            return read | await _bills(conn, service, partner_id, place, now)


async def _bills(
    conn: Connection, service: Service, partner_id: int, place: Place, now: datetime
) -> dict[str, object]:
    rows = await stored.bills(conn, partner_id, bills.ON_A_PAGE + 1, before=place.before, bill_id=place.find)
    row = await stored.bill(conn, partner_id, place.bill) if place.bill else rows[0] if rows else None
    chosen = None
    if row is not None:
        of_it = await _all_of(conn, partner_id, row)
        chosen = bills.chosen(row, of_it, place, service.keyring, now)
    return {
        "listed": bills.listed(rows, place, service.keyring, now, chosen.bill_id if chosen else ""),
        "chosen": chosen,
        "missed": place.bill if place.bill and chosen is None else "",
    }


async def _all_of(conn: Connection, partner_id: int, row: Row) -> Rows:
    bill_no: int = row["bill_no"]
    return Rows(
        history=await stored.history(conn, partner_id, bill_no),
        messages=await stored.messages(conn, partner_id, bill_no),
        attempts=await stored.attempts(conn, partner_id, bill_no),
        refunds=await stored.refunds(conn, partner_id, bill_no),
        callbacks=await stored.callbacks(conn, partner_id, _MOST_OF_A_BILL, bill_no),
    )
