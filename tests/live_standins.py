"""Settings of live mode that lead to the providers' stand-ins."""

from __future__ import annotations

from tests.standins import nhn as nhn_standin
from tests.standins import solapi as solapi_standin
from tests.standins import toss as toss_standin
from tests.standins.nhn import NhnCloud
from tests.standins.solapi import Solapi
from tests.standins.toss import Toss

BILLS = "https://bills.example.com"
TOSS_SECRETS = (toss_standin.SECRET_KEY,)
SOLAPI_SECRETS = (solapi_standin.API_KEY, solapi_standin.API_SECRET)
NHN_SECRETS = (nhn_standin.APP_KEY, nhn_standin.SECRET_KEY, nhn_standin.SENDER_KEY)


def toss_settings(made: Toss) -> dict[str, str]:
    """A gateway."""
    return {
        "CHEONGGU_GATEWAY": "toss",
        "CHEONGGU_TOSS_CLIENT_KEY": toss_standin.CLIENT_KEY,
        "CHEONGGU_TOSS_SECRET_KEY": toss_standin.SECRET_KEY,
        "CHEONGGU_TOSS_API_URL": made.url,
        "CHEONGGU_TOSS_SCRIPT_URL": f"{made.url}/v2/standard",
    }


def solapi_settings(made: Solapi) -> dict[str, str]:
    """A sender."""
    return {
        "CHEONGGU_SENDER": "solapi",
        "CHEONGGU_SOLAPI_API_KEY": solapi_standin.API_KEY,
        "CHEONGGU_SOLAPI_API_SECRET": solapi_standin.API_SECRET,
        "CHEONGGU_SOLAPI_PF_ID": solapi_standin.PF_ID,
        "CHEONGGU_SOLAPI_TEMPLATE_ID": solapi_standin.TEMPLATE_ID,
        "CHEONGGU_SOLAPI_TEMPLATE_WITH_MESSAGE_ID": solapi_standin.TEMPLATE_WITH_MESSAGE_ID,
        "CHEONGGU_SOLAPI_FROM": solapi_standin.FROM,
        "CHEONGGU_SOLAPI_API_URL": made.url,
    }


def nhn_settings(made: NhnCloud) -> dict[str, str]:
    """The other sender."""
    return {
        "CHEONGGU_SENDER": "nhn",
        "CHEONGGU_NHN_APP_KEY": nhn_standin.APP_KEY,
        "CHEONGGU_NHN_SECRET_KEY": nhn_standin.SECRET_KEY,
        "CHEONGGU_NHN_SENDER_KEY": nhn_standin.SENDER_KEY,
        "CHEONGGU_NHN_TEMPLATE_CODE": nhn_standin.BILL,
        "CHEONGGU_NHN_TEMPLATE_WITH_MESSAGE_CODE": nhn_standin.BILL_WITH_MESSAGE,
        "CHEONGGU_NHN_API_URL": made.url,
    }
