"""`cheonggu bill …` against a scripted server: what it sends, and what it makes of each answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cheonggu.domain.hashing import request_hash
from tests import commands
from tests.commands import Ended

OK = {
    "code": "0000",
    "message": "성공하였습니다.",
    "data": {"billId": "B1", "apiKey": "k", "shortUrl": "http://s"},
}


READABLE = {"code": "0000", "message": "ok", "data": {"apprState": "W", "apprPrice": "500", "balance": 5}}
"""What the reads can make something of."""


@dataclass
class Received:
    """One request as the scripted server saw it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Script:
    """What the server answers, and what it was sent. `status` 0 hangs up without a word, -1 never answers."""

    status: int = 200
    answer: bytes = json.dumps(OK).encode()
    received: list[Received] = field(default_factory=list[Received])
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def says(self, status: int, answer: object) -> None:
        """Answer this from now on."""
        self.status = status
        self.answer = answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@pytest.fixture
def server() -> Iterator[Script]:
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.received.append(Received(self.path, dict(self.headers), json.loads(body)))
            if script.status < 0:
                script.over.wait(30)
            if script.status <= 0:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(script.status)
            self.send_header("Content-Length", str(len(script.answer)))
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(script.answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield script
    script.over.set()
    listening.shutdown()
    thread.join()
    listening.server_close()


def run(*arguments: str, **environment: str) -> Ended:
    return commands.run("bill", *arguments, **environment)


SEND = ("send", "--phone", "01012345678", "--price", "10000", "--product", "수강료", "--name", "김서연")

SANDBOX = {
    "apiKey": "sandbox-api-key-0123456789abcdef",
    "member": "sandbox-member",
    "merchant": "sandbox-merchant",
}


def test_send_hashes_and_calls_back_to_the_sandbox_by_default(server: Script) -> None:
    done = run(*SEND, "--bill-id", "TEST0001", "--base-url", server.url)
    assert (done.returncode, done.stderr) == (0, "")
    (request,) = server.received
    assert request.path == "/bill"
    assert request.body == SANDBOX | {
        "bill": {
            "billId": "TEST0001",
            "sendType": "TALK",
            "productName": "수강료",
            "memberName": "김서연",
            "phone": "01012345678",
            "price": "10000",
            "callbackUrl": f"{server.url}/sandbox/receiver",
            "hash": request_hash("TEST0001", "01012345678", "10000"),
        }
    }
    assert "shortUrl  http://s" in done.stdout
    assert "apiKey" not in done.stdout


def test_a_bill_id_made_up_is_new_each_time_and_fits(server: Script) -> None:
    for _ in range(2):
        run(*SEND, "--base-url", server.url)
    ids = [request.body["bill"]["billId"] for request in server.received]
    assert len(set(ids)) == 2
    assert all(len(bill_id) == 20 and bill_id.isalnum() for bill_id in ids)


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (("read", "B1"), "/bill/read", {"bill": {"billId": "B1"}}),
        (("resend", "B1"), "/bill/resend", {"bill": {"billId": "B1"}}),
        (
            ("destroy", "B1", "500"),
            "/bill/destroy",
            {"bill": {"billId": "B1", "price": "500", "hash": request_hash("B1", "500")}},
        ),
        (
            ("cancel", "B1", "500", "--reason", "변심"),
            "/bill/cancel",
            {
                "bill": {
                    "billId": "B1",
                    "price": "500",
                    "cancelReason": "변심",
                    "hash": request_hash("B1", "500"),
                }
            },
        ),
        (("balance", "--of-merchant"), "/read/merchant/remain_count", {}),
    ],
)
def test_each_operation_sends_its_own_fields(
    server: Script, arguments: tuple[str, ...], path: str, body: dict[str, Any]
) -> None:
    server.says(200, READABLE)
    assert run(*arguments, "--base-url", f"{server.url}/partner/").returncode == 0
    assert server.received[0].path == "/partner" + path
    assert server.received[0].body == SANDBOX | body


def test_the_partners_balance_is_asked_for_with_the_key_alone(server: Script) -> None:
    server.says(200, READABLE)
    assert run("balance", "--base-url", server.url).returncode == 0
    assert server.received[0].path == "/read/remain_count"
    assert server.received[0].body == {"apiKey": SANDBOX["apiKey"]}


def test_the_identity_comes_from_options_then_the_environment_then_the_sandbox(server: Script) -> None:
    of_merchant = ("balance", "--of-merchant")
    run(*of_merchant, "--base-url", server.url, "--api-key", "k", "--member", "m", "--merchant", "c")
    run(*of_merchant, BILL_BASE_URL=server.url, BILL_API_KEY="e", BILL_MEMBER="em", BILL_MERCHANT="ec")
    run(*of_merchant, "--base-url", server.url, BILL_API_KEY="sandbox-api-key-fedcba9876543210")
    assert [request.body for request in server.received] == [
        {"apiKey": "k", "member": "m", "merchant": "c"},
        {"apiKey": "e", "member": "em", "merchant": "ec"},
        {
            "apiKey": "sandbox-api-key-fedcba9876543210",
            "member": "other-member",
            "merchant": "other-merchant",
        },
    ]


def test_an_idempotency_key_goes_along(server: Script) -> None:
    run("resend", "B1", "--idempotency-key", "once", "--base-url", server.url)
    assert server.received[0].headers["Idempotency-Key"] == "once"


@pytest.mark.parametrize(
    ("status", "answer", "exit_code", "says"),
    [
        (200, OK, 0, "done  0000  성공하였습니다."),
        (
            200,
            {"code": "BILL_001", "message": "이미 사용된", "data": None},
            1,
            "refused  BILL_001  이미 사용된",
        ),
        (400, {"code": "VALIDATION_001", "message": "price: …"}, 1, "refused  VALIDATION_001  price: …"),
        (429, {"code": "LIMIT_001", "message": "많습니다"}, 1, "refused  LIMIT_001"),
        (404, b"<html>", 1, "refused  HTTP 404 without an envelope: is the base URL right?"),
        (302, b"", 1, "refused  HTTP 302 without an envelope"),
        (400, {"code": "0000"}, 1, "refused  0000"),
        (200, b"<html>", 2, "unknown  The answer is no envelope."),
        (200, b"[" * 100_000, 2, "unknown  The answer is no envelope."),
        (200, {"code": 0}, 2, "unknown"),
        (500, {"code": "ERROR", "message": "처리 중"}, 2, "unknown  ERROR  처리 중"),
        (503, {"code": "HTTP_503", "message": "잠시 후"}, 2, "unknown  HTTP_503  잠시 후"),
        (503, {"code": "0000", "message": "?"}, 2, "unknown"),
        (502, b"Bad Gateway", 2, "unknown  HTTP 502"),
        (0, b"", 2, "unknown  The connection was lost before the answer"),
        (-1, b"", 2, "unknown  No answer came within 0.5 s."),
        (200, {"code": "BILL_001", "message": "\x1b[2J\nforged"}, 1, "BILL_001  �[2J�forged"),
    ],
)
def test_every_answer_is_done_refused_or_unknown(
    server: Script, status: int, answer: object, exit_code: int, says: str
) -> None:
    server.says(status, answer)
    send = (*SEND, "--bill-id", "B1", "--base-url", server.url, "--timeout", "0.5" if status < 0 else "30")
    ended = run(*send)
    assert ended.returncode == exit_code
    assert says in (ended.stdout if exit_code == 0 else ended.stderr)
    assert ("Read before you repeat: cheonggu bill read B1" in ended.stderr) is (exit_code == 2)
    assert len(server.received) == 1

    shown = run(*send, "--json")
    assert shown.returncode == exit_code
    outcome = json.loads(shown.stdout)
    assert outcome["result"] == ("done", "refused", "unknown")[exit_code]
    assert outcome["billId"] == "B1"
    assert outcome["httpStatus"] == (status if status > 0 else None)


def test_a_cancel_that_is_under_way_is_unknown(server: Script) -> None:
    server.says(200, {"code": "BILL_007", "message": "진행 중", "data": None})
    assert run("cancel", "B1", "500", "--base-url", server.url).returncode == 2
    assert run("destroy", "B1", "500", "--base-url", server.url).returncode == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--phone", "010-1234-5678"), "phone: a Korean mobile number in digits alone, without hyphens"),
        (("--price", "10,000"), "price: whole won"),
        (("--expires", "tomorrow"), "last_day: "),
    ],
)
def test_what_cannot_be_sent_is_refused_here(server: Script, given: tuple[str, ...], says: str) -> None:
    ended = run(*SEND, *given, "--base-url", server.url)
    assert (ended.returncode, server.received) == (1, [])
    assert f"refused  {says}" in ended.stderr


def test_a_read_without_an_answer_has_nothing_to_read_first(server: Script) -> None:
    server.says(503, {"code": "HTTP_503", "message": "잠시 후"})
    ended = run("read", "B1", "--base-url", server.url)
    assert ended.returncode == 2
    assert "Read before you repeat" not in ended.stderr


def test_a_server_out_of_reach_was_sent_nothing() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ended = run("read", "B1", "--base-url", f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert ended.returncode == 1
    assert "Nothing was sent" in ended.stderr


def test_what_a_bill_stands_for_is_said_in_words(server: Script) -> None:
    server.says(200, {"code": "0000", "message": "ok", "data": {"apprState": "F", "apprNum": None}})
    shown = run("read", "B1", "--base-url", server.url).stdout
    assert "apprState  F (paid)" in shown
    assert "apprNum" not in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("send",), "Missing option '--phone'"),
        (("read",), "Missing argument 'BILL_ID'"),
        (("read", "B1", "--base-url", "api.example.com"), "is no base URL"),
        (
            ("read", "B1", "--base-url", "https://api.example.com"),
            "--api-key: needed here, or set BILL_API_KEY",
        ),
        (
            ("read", "B1", "--base-url", "https://a.example", "--api-key", "k"),
            "--member: needed here, or set BILL_MEMBER",
        ),
    ],
)
def test_a_wrong_call_is_a_sentence_and_never_looks_unknown(arguments: tuple[str, ...], says: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_elsewhere_the_callback_url_is_asked_for() -> None:
    identity = ("--api-key", "k", "--member", "m", "--merchant", "c")
    ended = run(*SEND, "--base-url", "https://api.example.com", *identity)
    assert ended.returncode == 1
    assert "--callback-url: say where to call back" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("bill", "read", "\udcff"),
        (
            "sandbox",
            "explain",
            "--bill-id",
            "\udcff",
            "--phone",
            "01012345678",
            "--price",
            "1",
            "--hash",
            "0",
        ),
    ],
)
def test_an_argument_that_is_no_text_is_refused_with_a_sentence(arguments: tuple[str, ...]) -> None:
    ended = commands.run(*arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "'?' is not UTF-8" in ended.stderr
