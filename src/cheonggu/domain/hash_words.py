"""The usual mistakes in a request's hash, in words; English is ASCII, as it goes into a header."""

from __future__ import annotations

from typing import Final

import msgspec


class Mistake(msgspec.Struct, frozen=True):
    """One mistake: what was done, in both languages."""

    name: str
    english: str
    korean: str


_M = Mistake

MISTAKES: Final[dict[str, Mistake]] = {
    mistake.name: mistake
    for mistake in (
        # Which parts
        _M("two_parts", "phone left out: this operation takes three parts", "phone을 빼고 두 값만 이었어요"),
        _M("three_parts", "phone put in: this operation takes two parts", "phone까지 세 값을 이었어요"),
        _M("bill_id_only", "only billId hashed", "billId만 해시했어요"),
        _M("price_left_out", "price left out", "price를 뺐어요"),
        _M("order", "the parts in another order", "값의 순서가 달라요"),
        _M("api_key_in", "apiKey put in", "apiKey를 넣었어요"),
        _M("member_in", "member put in", "member를 넣었어요"),
        _M("merchant_in", "merchant put in", "merchant를 넣었어요"),
        _M("reason_in", "cancelReason put in", "cancelReason을 넣었어요"),
        # Each part
        _M("phone_hyphens", "phone with hyphens", "phone에 하이픈을 넣었어요"),
        _M("phone_spaces", "phone with spaces", "phone에 공백을 넣었어요"),
        _M("phone_dots", "phone with dots", "phone에 점을 넣었어요"),
        _M("phone_country", "phone with the country code 82", "phone에 국가 번호 82를 넣었어요"),
        _M(
            "phone_no_zero",
            "phone without its first 0, as a number",
            "phone을 숫자로 바꿔 맨 앞 0이 빠졌어요",
        ),
        _M(
            "phone_digits",
            "phone without the separators that you send",
            "보낸 phone의 하이픈이나 공백을 빼고 해시했어요",
        ),
        _M("phone_empty", "phone empty", "phone 자리를 비웠어요"),
        _M("price_commas", "price with commas", "price에 쉼표를 넣었어요"),
        _M("price_won", "price with a currency sign", "price에 원이나 통화 기호를 붙였어요"),
        _M("price_float", "price as a number with decimals", "price를 소수로 적었어요"),
        _M("price_other", "another price: the bill's own", "보낸 금액이 아니라 청구서의 금액으로 해시했어요"),
        _M("bill_id_trimmed", "billId trimmed", "billId의 앞뒤 공백을 뺐어요"),
        _M("bill_id_case", "billId in other case", "billId의 대소문자가 달라요"),
        # How they are joined
        _M("spaces", "spaces around the commas", "쉼표 앞뒤에 공백을 넣었어요"),
        _M("no_separator", "no comma between the parts", "값 사이에 쉼표가 없어요"),
        _M("separator", "another separator than a comma", "쉼표가 아닌 구분자를 썼어요"),
        _M("quoted", "the parts in quotes", "값을 따옴표로 감쌌어요"),
        _M("query", "the parts as name=value", "값을 이름=값으로 적었어요"),
        _M("json", "the parts as JSON", "값을 JSON으로 적었어요"),
        _M("newline", "a line break at the end", "끝에 줄바꿈이 붙었어요"),
        _M("space_end", "a space at the end", "끝에 공백이 붙었어요"),
        _M("comma_end", "a comma at the end", "끝에 쉼표가 붙었어요"),
        # As bytes
        _M("utf_16", "UTF-16 instead of UTF-8", "UTF-8이 아니라 UTF-16으로 바꿨어요"),
        _M("cp949", "EUC-KR/CP949 instead of UTF-8", "UTF-8이 아니라 EUC-KR(CP949)로 바꿨어요"),
        _M("bom", "a byte order mark at the beginning", "앞에 BOM이 붙었어요"),
        _M("normal_form", "Korean letters in another Unicode form", "한글의 유니코드 정규화 형식이 달라요"),
        # The digest and how it is written
        _M("md5", "MD5 instead of SHA-256", "SHA-256이 아니라 MD5를 썼어요"),
        _M("sha1", "SHA-1 instead of SHA-256", "SHA-256이 아니라 SHA-1을 썼어요"),
        _M("sha224", "SHA-224 instead of SHA-256", "SHA-256이 아니라 SHA-224를 썼어요"),
        _M("sha384", "SHA-384 instead of SHA-256", "SHA-256이 아니라 SHA-384를 썼어요"),
        _M("sha512", "SHA-512 instead of SHA-256", "SHA-256이 아니라 SHA-512를 썼어요"),
        _M("sha3", "SHA3-256 instead of SHA-256", "SHA-256이 아니라 SHA3-256을 썼어요"),
        _M("hmac", "an HMAC with the apiKey as its key", "apiKey를 키로 HMAC을 썼어요"),
        _M(
            "hmac_other",
            "an HMAC with merchant or member as its key",
            "merchant나 member를 키로 HMAC을 썼어요",
        ),
        _M("hashed_twice", "hashed twice", "두 번 해시했어요"),
        _M("base64", "the digest in base64 instead of hex", "16진수가 아니라 base64로 적었어요"),
        _M("white_space", "white space around the hash", "해시 앞뒤에 공백이 있어요"),
        _M("split_hex", "separators between the hex digits", "16진수 사이에 구분자를 넣었어요"),
        _M("prefix", "0x or the like before the hash", "해시 앞에 0x 같은 글자가 있어요"),
    )
}

_CODE_LINES: Final = {
    "python": ('hashlib.sha256(f"%s".encode()).hexdigest()', "{%s}", ","),
    "node": ('crypto.createHash("sha256").update(`%s`, "utf8").digest("hex")', "${%s}", ","),
    "php": ('hash("sha256", "%s")', "{$%s}", ","),
    "java": (
        'HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")'
        ".digest((%s).getBytes(StandardCharsets.UTF_8)))",
        "%s",
        ' + "," + ',
    ),
    "shell": ("printf '%%s' \"%s\" | sha256sum", "$%s", ","),
}


def code_lines(names: tuple[str, ...]) -> dict[str, str]:
    """How the parts of these names are hashed rightly, by programming language."""
    return {
        language: line % comma.join(variable % name for name in names)
        for language, (line, variable, comma) in _CODE_LINES.items()
    }
