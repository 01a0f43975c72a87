"""The account of a request to the mock, from the id of the application in its user agent.

The mock knows access keys only of its own IAM, and the AWS CLI cannot send the mock's header.
`tests.deploy.account` sets the id, `account-ID`.
"""

import re
from typing import Any

from moto.core.responses import BaseResponse

APPLICATION = re.compile(r"app/account-(\d{12})")


def install() -> None:
    original = BaseResponse.get_current_account

    def get_current_account(self: Any) -> str:
        match = APPLICATION.search(self.headers.get("User-Agent", ""))
        return match[1] if match else original(self)

    BaseResponse.get_current_account = get_current_account
