"""Settings of providers: judged one by one, as pairs, and as what a choice needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.config import Nhn, SettingWrong, Solapi, load
from tests.test_config import LIVE, NHN, SOLAPI, TOSS


def test_live_holds_the_chosen_gateway_and_sender() -> None:
    settings = load(LIVE | TOSS | SOLAPI | {"CHEONGGU_SOLAPI_FROM": "02-1234-5678"})
    assert settings.gateway is not None
    assert (settings.gateway.client_key, settings.gateway.secret_key) == (
        "test_ck_example",
        "test_sk_example",
    )
    assert settings.gateway.test
    assert settings.gateway.api_url == "https://api.tosspayments.com"
    assert settings.gateway.script_url == "https://js.tosspayments.com/v2/standard"
    assert settings.sender == Solapi(
        api_key="NCSEXAMPLE",
        api_secret="EXAMPLESECRET",
        pf_id="KA01PF000",
        template_id="KA01TP001",
        template_with_message_id="KA01TP002",
        from_number="0212345678",
        api_url="https://api.solapi.com",
    )
    assert load(LIVE | TOSS | NHN).sender == Nhn(
        app_key="APPKEYEXAMPLE",
        secret_key="NHNSECRETEXAMPLE",
        sender_key="5e" * 20,
        template_code="bill",
        template_with_message_code="bill-message",
        api_url="https://kakaotalk-bizmessage.api.nhncloudservice.com",
    )


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("GATEWAY", "inicis", "must be toss"),
        ("SENDER", "sens", "must be solapi or nhn"),
        ("TOSS_CLIENT_KEY", "ck_example", "begins with test_ck_ or live_ck_"),
        ("TOSS_CLIENT_KEY", "test_gck_docs_example", "API 개별 연동 키"),
        ("TOSS_CLIENT_KEY", "test_sk_example", "exchanged"),
        ("TOSS_SECRET_KEY", "test_gsk_docs_example", "API 개별 연동 키"),
        ("TOSS_SECRET_KEY", "live_ck_example", "exchanged"),
        ("TOSS_SECRET_KEY", "test_sk_a b", "begins with test_sk_ or live_sk_"),
        ("TOSS_SECRET_KEY", "test_sk_" + "a" * 300, "begins with"),
        ("TOSS_API_URL", "http://api.tosspayments.com", "https://"),
        ("TOSS_API_URL", "https://api.tosspayments.com?a=b", "without user, query"),
        ("TOSS_API_URL", "https://u@api.tosspayments.com", "without user, query"),
        ("TOSS_API_URL", "https://api.tosspayments.com?", "without user, query"),
        ("TOSS_API_URL", "api.tosspayments.com", "https://"),
        ("TOSS_SCRIPT_URL", "https://js.example.com;script-src-elem *", "ASCII"),
        ("TOSS_SCRIPT_URL", "https://js.example.com;x/v2", "without user, query"),
        ("TOSS_SCRIPT_URL", "http://js.tosspayments.com/v2/standard", "https://"),
        ("SOLAPI_API_KEY", "a,b", "letters and digits"),
        ("SOLAPI_API_SECRET", "a b", "without blanks"),
        ("SOLAPI_PF_ID", "KA01TP001", "KA01PF"),
        ("SOLAPI_TEMPLATE_ID", "KA01PF001", "KA01TP"),
        ("SOLAPI_TEMPLATE_WITH_MESSAGE_ID", "bill", "KA01TP"),
        ("SOLAPI_FROM", "number", "phone number"),
        ("SOLAPI_FROM", "٠٢١٢٣٤٥٦٧٨", "phone number"),
        ("SOLAPI_API_URL", "ftp://api.solapi.com", "https://"),
        ("NHN_APP_KEY", "a/b", "letters and digits"),
        ("NHN_SECRET_KEY", "a\x00b", "visible"),
        ("NHN_SENDER_KEY", "5e" * 19, "40 letters and digits"),
        ("NHN_TEMPLATE_CODE", "a" * 21, "up to 20"),
        ("NHN_TEMPLATE_WITH_MESSAGE_CODE", "a b", "up to 20"),
        ("NHN_API_URL", "http://10.0.0.1", "https://"),
    ],
)
@pytest.mark.parametrize("mode", [{}, LIVE], ids=["sandbox", "live"])
def test_a_wrong_value_is_named_with_the_reason(name: str, text: str, why: str, mode: dict[str, str]) -> None:
    with pytest.raises(SettingWrong) as refused:
        load(mode | {f"CHEONGGU_{name}": text})
    assert f"CHEONGGU_{name}" in str(refused.value)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    if name.endswith(("_KEY", "_SECRET")):
        assert text not in str(refused.value)


@pytest.mark.parametrize(
    "name", sorted({*TOSS, *NHN, *SOLAPI, "CHEONGGU_SOLAPI_FROM", "CHEONGGU_NHN_API_URL"})
)
def test_a_key_that_was_pasted_into_another_place_is_quoted_nowhere(name: str) -> None:
    with pytest.raises(SettingWrong, match=name) as refused:
        load({name: "live_sk_Zm9vYmFyYmF6 # Toss"})
    assert "Zm9v" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://localhost:9000/toss", "http://localhost:9000/toss"),
        ("https://proxy.internal/toss/", "https://proxy.internal/toss"),
    ],
)
def test_a_provider_may_stand_elsewhere(text: str, kept: str) -> None:
    gateway = load(LIVE | TOSS | {"CHEONGGU_TOSS_API_URL": text}).gateway
    assert gateway is not None
    assert gateway.api_url == kept


@pytest.mark.parametrize(
    ("client", "secret", "fit"),
    [("test", "test", True), ("live", "live", True), ("test", "live", False), ("live", "test", False)],
)
def test_toss_keys_are_a_pair_of_one_kind(client: str, secret: str, *, fit: bool) -> None:
    keys = {
        "CHEONGGU_TOSS_CLIENT_KEY": f"{client}_ck_example",
        "CHEONGGU_TOSS_SECRET_KEY": f"{secret}_sk_example",
    }
    if fit:
        gateway = load(LIVE | TOSS | keys).gateway
        assert gateway is not None
        assert gateway.test is (client == "test")
        return
    with pytest.raises(
        SettingWrong, match=f"CHEONGGU_TOSS_CLIENT_KEY is a {client} key and .* must be a pair"
    ):
        load(keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CHEONGGU_SOLAPI_TEMPLATE_ID", "CHEONGGU_SOLAPI_TEMPLATE_WITH_MESSAGE_ID"),
        ("CHEONGGU_NHN_TEMPLATE_CODE", "CHEONGGU_NHN_TEMPLATE_WITH_MESSAGE_CODE"),
    ],
)
def test_the_two_templates_are_two(one: str, other: str) -> None:
    with pytest.raises(SettingWrong, match=f"{one} and {other} are the same"):
        load({one: "KA01TP001", other: "KA01TP001"})


def test_what_a_choice_needs_is_named_all_at_once() -> None:
    with pytest.raises(SettingWrong) as refused:
        load({"CHEONGGU_MODE": "live", "CHEONGGU_GATEWAY": "toss", "CHEONGGU_SENDER": "nhn"} | NHN)
    assert str(refused.value) == (
        "CHEONGGU_MODE=live needs CHEONGGU_SECRET_KEY and CHEONGGU_DATABASE_URL; "
        "CHEONGGU_GATEWAY=toss needs CHEONGGU_TOSS_CLIENT_KEY and CHEONGGU_TOSS_SECRET_KEY."
    )
    few = {name: text for name, text in SOLAPI.items() if not name.endswith("_ID")}
    with pytest.raises(SettingWrong) as refused:
        load(LIVE | few)
    assert str(refused.value) == (
        "CHEONGGU_SENDER=solapi needs CHEONGGU_SOLAPI_PF_ID, CHEONGGU_SOLAPI_TEMPLATE_ID "
        "and CHEONGGU_SOLAPI_TEMPLATE_WITH_MESSAGE_ID."
    )


def test_one_file_serves_both_modes_and_holds_two_senders(tmp_path: Path) -> None:
    file = tmp_path / "cheonggu.toml"
    given = {**NHN, **SOLAPI, **TOSS}
    lines = (f'{name.removeprefix("CHEONGGU_").lower()} = "{text}"\n' for name, text in given.items())
    file.write_text("".join(lines))
    live = load(LIVE, file)
    assert isinstance(live.sender, Solapi)
    assert live.gateway is not None
    assert live.unused == tuple(f"{name[9:].lower()} in {file}" for name in NHN if name != "CHEONGGU_SENDER")
    practice = load({}, file)
    assert (practice.gateway, practice.sender) == (None, None)
    assert set(practice.unused) == {f"{name[9:].lower()} in {file}" for name in given}
    assert load({}).unused == ()


def test_a_sandbox_needs_nothing_of_a_provider_that_is_named() -> None:
    settings = load({"CHEONGGU_GATEWAY": "toss", "CHEONGGU_SENDER": "solapi"})
    assert (settings.gateway, settings.sender) == (None, None)
    assert settings.unused == ("CHEONGGU_GATEWAY", "CHEONGGU_SENDER")


def test_keys_stay_out_of_reprs() -> None:
    said = repr(load(LIVE | TOSS | NHN)) + repr(load(LIVE | TOSS | SOLAPI))
    for secret in (
        "test_sk_example",
        "NHNSECRETEXAMPLE",
        "APPKEYEXAMPLE",
        "5e5e5e",
        "NCSEXAMPLE",
        "EXAMPLESECRET",
    ):
        assert secret not in said
