"""The two partners that every sandbox has. Their names and keys are public, so live mode refuses them."""

from __future__ import annotations

from typing import Final

import msgspec

START_POINTS: Final = 1_000_000


class SandboxPartner(msgspec.Struct, frozen=True, kw_only=True):
    """One partner with one member and one merchant."""

    name: str
    api_key: str
    member: str
    merchant: str
    webhook_secret: str
    merchant_name: str
    phone: str
    owner_name: str
    registration_number: str
    address: str


FIRST: Final = SandboxPartner(
    name="sandbox",
    api_key="sandbox-api-key-0123456789abcdef",
    member="sandbox-member",
    merchant="sandbox-merchant",
    webhook_secret="whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMTIzNDU2Nzg=",  # noqa: S106
    merchant_name="한빛수학학원",
    phone="02-000-0000",
    owner_name="박정민",
    registration_number="120-86-00001",
    address="서울 강남구 도곡로 408, 5층",
)
OTHER: Final = SandboxPartner(
    name="sandbox-other",
    api_key="sandbox-api-key-fedcba9876543210",
    member="other-member",
    merchant="other-merchant",
    webhook_secret="whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC04NzY1NDMyMTA=",  # noqa: S106
    merchant_name="다온피트니스",
    phone="02-000-0001",
    owner_name="이다온",
    registration_number="120-86-00002",
    address="서울 마포구 양화로 45, 2층",
)
"""For trying that one partner's bills are absent to another."""

ALL: Final = (FIRST, OTHER)
