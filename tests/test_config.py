"""Settings: read once, judged, and refused with a sentence that says which and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from cheonggu.config import Mode, Settings, SettingWrong, load, require_providers
from cheonggu.store.sealing import Keyring, new_secret_key

KEY = "A" * 43 + "="


def test_nothing_needs_to_be_set() -> None:
    settings = load({"PATH": "/bin", "CHEONGGUX": "not ours"})
    assert settings.mode is Mode.SANDBOX
    assert settings.data_dir == Path.cwd() / ".cheonggu"
    assert settings.public_url == settings.origin == "http://127.0.0.1:8080"
    assert (settings.database_url, settings.secret_key, settings.callback_allow) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104
        ("HOST", "[::1]", "host", "::1"),
        ("PORT", "9000", "port", 9000),
        ("PORT", "1", "port", 1),
        ("PORT", "65535", "port", 65535),
        ("PUBLIC_URL", "https://bills.example.com/", "public_url", "https://bills.example.com"),
        ("PUBLIC_URL", "https://bills.example.com:8443", "public_url", "https://bills.example.com:8443"),
        ("DATABASE_URL", "postgres://h/d", "database_url", "postgres://h/d"),
        ("DATA_DIR", "/srv/cheonggu", "data_dir", Path("/srv/cheonggu")),
        ("SECRET_KEY", f"{KEY},{KEY}", "secret_key", f"{KEY},{KEY}"),
        ("CALLBACK_ALLOW", "", "callback_allow", ()),
        ("SANDBOX_ALLOW", "", "sandbox_allow", ()),
    ],
)
def test_a_right_value_is_taken(name: str, text: str, field: str, value: object) -> None:
    assert getattr(load({f"CHEONGGU_{name}": text}), field) == value


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("MODE", "production", "sandbox or live"),
        ("MODE", "", "empty"),
        ("HOST", "127.0.0.1:80", "without a port"),
        ("HOST", "a b", "host name"),
        ("HOST", "ホスト", "host name"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("PORT", "80a", "whole number"),
        ("PORT", "٨٠٨٠", "whole number"),
        ("PORT", "9" * 5000, "whole number"),
        ("PUBLIC_URL", "bills.example.com", "https://"),
        ("PUBLIC_URL", "ftp://bills.example.com", "https://"),
        ("PUBLIC_URL", "https://", "host"),
        ("PUBLIC_URL", "https://bills.example.com/pay", "only"),
        ("PUBLIC_URL", "https://bills.example.com?a=b", "only"),
        ("PUBLIC_URL", "https://user@bills.example.com", "only"),
        ("PUBLIC_URL", "https://청구.example.com", "ASCII"),
        ("PUBLIC_URL", "https://bills.example.com:99999", "not a URL"),
        ("DATABASE_URL", "mysql://h/d", "postgresql://"),
        ("SECRET_KEY", "short", "32 random bytes"),
        ("SECRET_KEY", f"{KEY},", "32 random bytes"),
        ("CALLBACK_ALLOW", "http://erp.internal", "erp.internal"),
        ("CALLBACK_ALLOW", "10.0.0.1/8", "10.0.0.0/8"),
        ("SANDBOX_ALLOW", "10.0.0.1/8", "10.0.0.1/8"),
        ("SANDBOX_ALLOW", "office", "office"),
    ],
)
def test_a_wrong_value_is_named_with_the_reason(name: str, text: str, why: str) -> None:
    with pytest.raises(SettingWrong) as refused:
        load({f"CHEONGGU_{name}": text})
    assert f"CHEONGGU_{name}" in str(refused.value)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("CHEONGGU_PROT", "CHEONGGU_PORT"),
        ("CHEONGGU_DATABASEURL", "CHEONGGU_DATABASE_URL"),
        ("CHEONGGU_port", "CHEONGGU_PORT"),
        ("CHEONGGU_SECRETKEY", "CHEONGGU_SECRET_KEY"),
    ],
)
def test_an_unknown_variable_gets_the_nearest_known_one(variable: str, nearest: str) -> None:
    with pytest.raises(SettingWrong, match=f"{variable} is no setting.*Did you mean {nearest}\\?"):
        load({variable: "1"})


def test_an_unknown_variable_unlike_any_other_gets_the_list() -> None:
    with pytest.raises(SettingWrong, match="Known are: CHEONGGU_CONFIG, CHEONGGU_MODE"):
        load({"CHEONGGU_Q": "1"})


@pytest.mark.parametrize(
    "address",
    ["u:hun[ter2@h/d", "u:hun℀ter2@h/d", "u:hun#ter2@h/d", "u:hun/ter2@h/d", "u:hun?ter2@h/d", "h:x/d"],
)
def test_a_databases_address_that_cannot_be_read_is_refused_and_no_part_of_its_password_told(
    address: str,
) -> None:
    with pytest.raises(SettingWrong, match="CHEONGGU_DATABASE_URL cannot be read") as refused:
        load({"CHEONGGU_DATABASE_URL": f"postgresql://{address}"})
    assert "hun" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "address",
    [
        "u:hun%23ter2@h:5432/d?sslmode=require",
        "u:p@a:1,b:2/d?target_session_attrs=read-write",
        "u@[::1]:5432/d",
        "u@/d?host=/tmp/x&port=1",
        "%2Frun%2Fpostgresql/d",
        "/d",
    ],
)
def test_a_databases_address_may_have_every_form(address: str) -> None:
    assert (
        load({"CHEONGGU_DATABASE_URL": f"postgresql://{address}"}).database_url == f"postgresql://{address}"
    )


def test_secrets_stay_out_of_sentences_and_reprs() -> None:
    with pytest.raises(SettingWrong) as refused:
        load({"CHEONGGU_DATABASE_URL": "mysql://u:hunter2@h/d"})
    assert "hunter2" not in str(refused.value)
    with pytest.raises(SettingWrong) as refused:
        load({"CHEONGGU_SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(refused.value)
    held = load({"CHEONGGU_DATABASE_URL": "postgresql://u:hunter2@h/d", "CHEONGGU_SECRET_KEY": KEY})
    assert "hunter2" not in repr(held)
    assert KEY not in repr(held)


def test_a_file_gives_the_same_names_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "cheonggu.toml"
    file.write_text('host = "::1"\nport = 9000\ncallback_allow = ["erp.internal", "10.0.0.0/8"]\n')
    settings = load({"CHEONGGU_CONFIG": str(file), "CHEONGGU_PORT": "9001"})
    assert (settings.host, settings.port) == ("::1", 9001)
    assert settings.public_url == "http://[::1]:9001"
    assert [rule.host for rule in settings.callback_allow] == ["erp.internal", None]
    assert load({}, file).port == 9000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('prot = "9000"', "prot in .* is no setting of Cheonggu. Did you mean port"),
        ("port = true", "port in .* must be a whole number"),
        ("port = 9000.5", "port in .* must be a whole number"),
        ("host = 1", "host in .* must be a text"),
        ("callback_allow = [1]", "callback_allow in .* must be a text or a list"),
        ("[host]", "host in .* must be a text"),
        ('host = ""', "host in .* is set but empty"),
        ("port = ", "is not TOML"),
        ("\xff", "is not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "cheonggu.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingWrong, match=why):
        load({"CHEONGGU_CONFIG": str(file)})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingWrong, match=r"nothing\.toml cannot be read \(No such file"):
        load({"CHEONGGU_CONFIG": str(tmp_path / "nothing.toml")})


LIVE = {
    "CHEONGGU_MODE": "live",
    "CHEONGGU_SECRET_KEY": KEY,
    "CHEONGGU_DATABASE_URL": "postgresql://localhost/cheonggu",
}
TOSS = {
    "CHEONGGU_GATEWAY": "toss",
    "CHEONGGU_TOSS_CLIENT_KEY": "test_ck_example",
    "CHEONGGU_TOSS_SECRET_KEY": "test_sk_example",
}
SOLAPI = {
    "CHEONGGU_SENDER": "solapi",
    "CHEONGGU_SOLAPI_API_KEY": "NCSEXAMPLE",
    "CHEONGGU_SOLAPI_API_SECRET": "EXAMPLESECRET",
    "CHEONGGU_SOLAPI_PF_ID": "KA01PF000",
    "CHEONGGU_SOLAPI_TEMPLATE_ID": "KA01TP001",
    "CHEONGGU_SOLAPI_TEMPLATE_WITH_MESSAGE_ID": "KA01TP002",
}
NHN = {
    "CHEONGGU_SENDER": "nhn",
    "CHEONGGU_NHN_APP_KEY": "APPKEYEXAMPLE",
    "CHEONGGU_NHN_SECRET_KEY": "NHNSECRETEXAMPLE",
    "CHEONGGU_NHN_SENDER_KEY": "5e" * 20,
    "CHEONGGU_NHN_TEMPLATE_CODE": "bill",
    "CHEONGGU_NHN_TEMPLATE_WITH_MESSAGE_CODE": "bill-message",
}


@pytest.mark.parametrize("missing", ["CHEONGGU_SECRET_KEY", "CHEONGGU_DATABASE_URL"])
def test_live_needs_a_secret_key_and_a_database(missing: str) -> None:
    given = {name: text for name, text in LIVE.items() if name != missing}
    with pytest.raises(SettingWrong, match=rf"CHEONGGU_MODE=live needs {missing}\.$"):
        load(given)


def test_live_does_not_start_without_sender_and_gateway() -> None:
    both = r"without a payment gateway \(CHEONGGU_GATEWAY=toss\) and a KakaoTalk sender"
    with pytest.raises(SettingWrong, match=both):
        require_providers(load(LIVE))
    with pytest.raises(SettingWrong, match=r"without a KakaoTalk sender \(CHEONGGU_SENDER=solapi or nhn\)"):
        require_providers(load(LIVE | TOSS))
    require_providers(load({}))
    require_providers(load(LIVE | TOSS | SOLAPI))
    require_providers(load(LIVE | TOSS | NHN))


@pytest.mark.parametrize(
    ("address", "allow", "allowed"),
    [
        ("127.0.0.1", None, True),
        ("127.9.9.9", None, True),
        ("::1", None, True),
        ("::ffff:127.0.0.1", None, True),
        ("10.0.0.1", None, False),
        ("testclient", None, False),
        ("", None, False),
        ("127.0.0.1", "", False),
        ("10.1.2.3", "10.0.0.0/8, ::1", True),
        ("::1", "10.0.0.0/8, ::1", True),
        ("127.0.0.1", "10.0.0.0/8, ::1", False),
    ],
)
def test_the_sandbox_is_for_listed_networks(address: str, allow: str | None, allowed: bool) -> None:  # noqa: FBT001
    settings = load({} if allow is None else {"CHEONGGU_SANDBOX_ALLOW": allow})
    assert settings.sandbox_allows(address) is allowed


def test_a_key_that_the_settings_take_is_one_that_seals() -> None:
    settings = load({"CHEONGGU_SECRET_KEY": f"{new_secret_key()}, {new_secret_key()}"})
    keyring = Keyring.parse(settings.secret_key or "")
    assert keyring.open(keyring.seal("x", 1), 1) == "x"


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # pyright: ignore[reportAttributeAccessIssue]
