"""One-time codes: those of a telephone (TOTP, RFC 6238), and those on paper for when it is lost.

A telephone's code counts for its 30 seconds and for those before and after. A code opens once: the counter of the
last one that did is kept, and nothing up to it is taken again.
"""

import hmac
from datetime import datetime

import pyotp

from services.accounts.domain.passwords import grouped

STEP_SECONDS = 30
TOLERANCE = 1
"""Steps before and after the present one, for a telephone whose clock is not right."""
RECOVERY_CODES = 8
ISSUER = "服务日"


def make_secret() -> str:
    """A telephone's secret: 160 bits in Base32."""
    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """The `otpauth:` address that a telephone reads from a square code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def counter_of(code: str, secret: str, now: datetime, last_counter: int) -> int | None:
    """Which step `code` belongs to; none where it is wrong, too old or new, or not newer than the last one taken."""
    generator = pyotp.HOTP(secret)
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    for counter in range(present - TOLERANCE, present + TOLERANCE + 1):
        # Each is compared, and as bytes: the time taken tells nothing, and a code may hold any character.
        right = hmac.compare_digest(generator.at(counter).encode(), code.encode())
        if right and counter > last_counter and found is None:
            found = counter
    return found


def present(secret: str, now: datetime) -> str:
    """What a telephone with this secret shows."""
    return pyotp.TOTP(secret).at(now)


def make_recovery_codes() -> list[str]:
    """Codes to be printed: 49 bits each."""
    return [grouped(2, 5) for _ in range(RECOVERY_CODES)]


def typed(code: str) -> str:
    """A code without what people type into it: spaces, hyphens, capitals."""
    return code.replace(" ", "").replace("-", "").casefold()
