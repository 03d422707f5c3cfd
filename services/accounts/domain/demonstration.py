"""The accounts of a demonstration: who they are, and what is made for them and kept beside them."""

from pydantic import BaseModel, ConfigDict, Field

from services.accounts.domain import codes, passwords
from services.accounts.domain.requests import NewAccount, NewGrant


class DemoAccount(NewAccount):
    """Somebody of the demo county."""

    roles: tuple[NewGrant, ...] = ()


class DemoAccounts(BaseModel):
    """A file of them."""

    model_config = ConfigDict(extra="forbid")

    accounts: tuple[DemoAccount, ...] = Field(min_length=1, max_length=50)


class Credentials(BaseModel):
    """With what somebody of the demo county signs in."""

    name: str
    roles: list[str]
    password: str
    telephone: str
    """The secret that a telephone would keep (Base32)."""

    @classmethod
    def made_for(cls, account: DemoAccount) -> "Credentials":
        """New ones."""
        return cls(
            name=account.name,
            roles=[each.role for each in account.roles],
            password=passwords.make_initial(),
            telephone=codes.make_secret(),
        )


class Kept(BaseModel):
    """The file that keeps them, by login."""

    accounts: dict[str, Credentials] = {}
