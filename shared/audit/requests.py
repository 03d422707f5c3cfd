"""What may be asked of an audit."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

NUMBER_MOST = 2**63 - 1
CODE = r"^[A-Za-z0-9._:@+/-]+$"


def _of_this_age(moment: datetime) -> datetime:
    """No time at either end of what the database can count."""
    if not 1900 <= moment.year <= 2200:  # noqa: PLR2004  (any century around ours)
        raise ValueError("nobody means this time")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_this_age)]
Code = Annotated[str, Field(min_length=1, max_length=200, pattern=CODE)]


class Wanted(BaseModel):
    """Which rows are asked for; what is not named does not matter."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    begin: Moment | None = Field(default=None, alias="from")
    """From this instant on."""
    end: Moment | None = Field(default=None, alias="to")
    """Before this instant."""
    actor: Code | None = None
    """An account's id, an official's, or a name such as `operator-secret`."""
    action: Code | None = None
    record_kind: Code | None = None
    record_id: Code | None = None

    def columns(self, before: int | None) -> dict[str, Any]:
        """As the statement takes it, with the number before which the rows stand."""
        return {**self.model_dump(by_alias=True), "before": before}


class WantedPage(Wanted):
    """One page of them."""

    before: int | None = Field(default=None, ge=1, le=NUMBER_MOST)
    """Rows with a smaller number than this: the last one's of the page before."""
    limit: int = Field(default=50, ge=1, le=200)
