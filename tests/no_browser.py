"""Somebody who opens a payer's pages without a browser, and what such a visit may have touched."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from cheonggu.service import Service

Answer = tuple[int, str, Mapping[str, str]]
"""Status, page and headers."""

TABLES = ("bill", "bill_history", "attempt", "gateway_order", "message", "callback", "ledger")


class NoBrowser:
    """Gets and posts, and follows no redirect."""

    def __init__(self, service: Service, site: str, session: aiohttp.ClientSession) -> None:
        self.service, self.site, self._session = service, site, session

    async def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Open a page."""
        async with self._session.request(
            method, self.site + path, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, await answer.text(), answer.headers

    async def post(
        self, path: str, data: object, headers: dict[str, str] | None = None
    ) -> tuple[int, str | None]:
        """Send a form; the status, and where it leads."""
        async with self._session.post(
            self.site + path, data=data, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, answer.headers.get("location")

    async def attempts(self) -> int:
        """How often it was tried to pay anything."""
        return await self.service.db.fetchval("SELECT count(*) FROM attempt")


async def everything(service: Service) -> list[object]:
    """All that a payment would touch."""
    return [await service.db.fetch(f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES]  # noqa: S608
