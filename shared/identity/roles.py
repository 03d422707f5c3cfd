"""Which roles go together, so that no service decides anew who works where."""

from typing import Final

from shared.events.accounts import Role

AT_WINDOW: Final[tuple[Role, ...]] = ("window_staff", "chief_representative", "director", "deputy")
"""Who receives at the windows of a department."""
AT_COUNTER: Final[tuple[Role, ...]] = ("window_staff", "hall_manager")
"""Who lets people in, where the role is held for the whole hall."""
OVER_HALL: Final[tuple[Role, ...]] = ("hall_manager", "deputy_county_head", "supervisor")
"""Who looks at what the whole hall did."""
AROUND: Final[tuple[Role, ...]] = (*AT_WINDOW, *OVER_HALL, "operator")
"""Who has to do with a service day at all; an auditor has not."""
