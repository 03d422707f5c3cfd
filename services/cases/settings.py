"""What cases reads from its environment."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.cases.domain.rules import Rules
from shared.settings import ServiceSettings


class CasesSettings(ServiceSettings):
    """The settings of cases carry the prefix `CASES_`; of the county's numbers each is `CASES_RULES` in JSON."""

    model_config = SettingsConfigDict(env_prefix="CASES_")

    rules: Rules = Rules()
    intake_delay_seconds: int = Field(default=60, ge=0, le=3600)
    """How long something handed on waits before it becomes a case: a window may take its last verb back."""
    words_seconds: float = Field(default=3.0, gt=0)
    """How long the queue may take to say what was found."""
    look_seconds: float = Field(default=20.0, gt=0)
    """How often what time has made of cases is looked at."""
    tries_window_minutes: int = Field(default=15, ge=1)
    tries_per_number: int = Field(default=5, ge=1)
    """Wrong digits for one number in a window."""
    tries_per_address: int = Field(default=30, ge=1)
    """Wrong numbers or digits from one client address in a window; a village may share one."""
    cases_window_minutes: int = Field(default=60, ge=1)
    cases_per_address: int = Field(default=20, ge=1)
    """Cases raised online from one client address in such a window."""
    cases_per_phone: int = Field(default=10, ge=1)
    """Cases raised online with one phone or document in a day."""
