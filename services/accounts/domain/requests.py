"""What callers of accounts send."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from shared.events.accounts import Role
from shared.visitors import Body, Name

YEARS = range(2000, 2200)
"""Years in which a role may begin or end: the first and last of all cannot be told in every zone."""
LOGIN = "^[a-z0-9][a-z0-9._@-]{2,63}$"


def _as_text(secret: SecretStr) -> SecretStr:
    """Pydantic looks at a secret's length alone; half a character (a lone surrogate) can be neither hashed nor sent."""
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("must be text") from None
    return secret


def as_login(typed: str) -> str:
    """A login as it is kept: without blanks around it, in small letters."""
    return typed.strip().lower()


Secret = Annotated[SecretStr, AfterValidator(_as_text)]
Typed = Annotated[Secret, Field(min_length=1, max_length=256)]
"""A password as it is typed; what a new one must be is judged by `passwords`."""
Code = Annotated[str, Field(min_length=1, max_length=32)]
Place = Annotated[str, Field(min_length=1, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]
NewLogin = Annotated[str, Field(pattern=LOGIN)]


class SignIn(Body):
    """Who wants in."""

    login: Annotated[str, Field(min_length=1, max_length=128)]
    password: Typed
    code: Code | None = None
    """The telephone's, or one of those on paper."""


class NewPassword(Body):
    """A password of one's own."""

    password: Typed
    """The present one."""
    new_password: Typed


class NewTelephone(Body):
    """Another telephone. The present password is needed but at a first sign-in."""

    password: Typed | None = None


class FirstCode(Body):
    """The first code of a telephone, which shows that it was set up."""

    code: Code


class NewAccount(Body):
    """Whom the operator lets in."""

    login: NewLogin
    name: Name
    official_id: Place | None = None


class NewGrant(Body):
    """A role, where, and for how long by the county's clock; from now on, and for good, where nothing is said."""

    role: Role
    department_id: Place | None = None
    venue_id: Place | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for each in (self.valid_from, self.valid_until):
            if each is not None and each.tzinfo is None:
                raise ValueError("a time needs its zone")
            if each is not None and each.year not in YEARS:
                raise ValueError(f"a time lies between {YEARS.start} and {YEARS.stop - 1}")
        if self.role == "operator" and (self.department_id or self.venue_id):
            raise ValueError("an operator is one everywhere")
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("valid_until must come after valid_from")
        return self
