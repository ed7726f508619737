# pyright: basic, reportMissingImports=false
# (its libraries are installed for the benchmark only)
"""The typical service: FastAPI, SQLAlchemy's async ORM and asyncpg, one transaction for each request.

Written as a good team would: pooled connections, prepared statements, the partner locked for as short as it
takes, uvicorn with uvloop and httptools and no access log. Its tables are those of the base.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, StringConstraints
from sqlalchemy import BigInteger, Identity, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cheonggu.cli.process import die_with_parent

COST_POINTS = 55
POOL = 16
"""As many connections as the base has clients; more only queue up at the partner's row."""


class Table(DeclarativeBase):
    """The tables are there already."""

    type_annotation_map = {int: BigInteger}  # noqa: RUF012 - as SQLAlchemy wants it


class Partner(Table):
    """Who bills, and what is left to pay messages with."""

    __tablename__ = "partner"
    id: Mapped[int] = mapped_column(primary_key=True)
    api_key: Mapped[str]
    balance: Mapped[int]


class Bill(Table):
    """A bill."""

    __tablename__ = "bill"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    partner_id: Mapped[int]
    bill_id: Mapped[str]
    member: Mapped[str]
    merchant: Mapped[str]
    send_type: Mapped[str]
    product_name: Mapped[str]
    price: Mapped[int]
    member_name: Mapped[str]
    phone: Mapped[str]
    message: Mapped[str | None]
    hash: Mapped[str]
    callback_url: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Ledger(Table):
    """A change of a partner's balance."""

    __tablename__ = "ledger"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    partner_id: Mapped[int]
    bill: Mapped[int]
    delta: Mapped[int]
    balance_after: Mapped[int]


class Outbox(Table):
    """A message to send."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    bill: Mapped[int]
    kind: Mapped[str]


class BillIn(BaseModel):
    """The bill as it is asked for."""

    billId: Annotated[str, StringConstraints(min_length=1, max_length=20)]  # noqa: N815
    sendType: Literal["TALK", "URL"]  # noqa: N815
    productName: Annotated[str, StringConstraints(min_length=1, max_length=200)]  # noqa: N815
    price: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,9}$")]
    memberName: Annotated[str, StringConstraints(min_length=1, max_length=100)]  # noqa: N815
    phone: Annotated[str, StringConstraints(pattern=r"^01[016789][0-9]{7,8}$")]
    message: str | None = None
    hash: str
    callbackUrl: Annotated[str, StringConstraints(min_length=1, max_length=2000)]  # noqa: N815


class RequestIn(BaseModel):
    """A request with who makes it."""

    apiKey: str  # noqa: N815
    member: str
    merchant: str
    bill: BillIn


class Created(BaseModel):
    """What is told of a new bill."""

    apiKey: str  # noqa: N815
    member: str
    merchant: str
    billId: str  # noqa: N815
    hash: str
    shortUrl: str  # noqa: N815


class Answer(BaseModel):
    """The envelope."""

    code: str
    message: str
    data: Created | None = None


class Refused(Exception):
    """The request cannot be granted; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


engine = create_async_engine(
    os.environ["TYPICAL_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1),
    pool_size=POOL,
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    """Let go of the database at the end."""
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.exception_handler(Refused)
async def refuse(_: object, refused: Refused) -> JSONResponse:
    """Refusals come in the envelope, too."""
    return JSONResponse({"code": refused.code, "message": "refused", "data": None}, status_code=400)


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """Whether it serves."""
    return {"status": "ready"}


@app.post("/bill")
async def create(request: RequestIn) -> Answer:
    """Create a bill."""
    bill = request.bill
    wanted = sha256(f"{bill.billId},{bill.phone},{bill.price}".encode()).hexdigest()
    if not compare_digest(wanted, bill.hash.lower()):
        raise Refused("VALIDATION_002")
    try:
        async with sessions() as session, session.begin():
            number = await write(session, request)
    except IntegrityError:
        raise Refused("BILL_001") from None
    return Answer(
        code="0000",
        message="성공하였습니다.",
        data=Created(
            apiKey=request.apiKey,
            member=request.member,
            merchant=request.merchant,
            billId=bill.billId,
            hash=bill.hash,
            shortUrl=f"http://127.0.0.1/p/{number}",
        ),
    )


async def write(session: AsyncSession, request: RequestIn) -> int:
    """Debit the partner, write the bill, its ledger entry and its message; the bill's number."""
    wanted = request.bill
    partner = await session.scalar(
        select(Partner).where(Partner.api_key == request.apiKey).with_for_update(key_share=True)
    )
    if partner is None:
        raise Refused("PARTNER_003")
    cost = COST_POINTS if wanted.sendType == "TALK" else 0
    if partner.balance < cost:
        raise Refused("POINT_001")
    partner.balance -= cost
    bill = Bill(
        partner_id=partner.id,
        bill_id=wanted.billId,
        member=request.member,
        merchant=request.merchant,
        send_type=wanted.sendType,
        product_name=wanted.productName,
        price=int(wanted.price),
        member_name=wanted.memberName,
        phone=wanted.phone,
        message=wanted.message,
        hash=wanted.hash,
        callback_url=wanted.callbackUrl,
    )
    session.add(bill)
    await session.flush()
    session.add(Ledger(partner_id=partner.id, bill=bill.id, delta=-cost, balance_after=partner.balance))
    session.add(Outbox(bill=bill.id, kind=wanted.sendType))
    return bill.id


if __name__ == "__main__":
    die_with_parent()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["TYPICAL_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
