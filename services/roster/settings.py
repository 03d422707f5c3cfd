"""What the roster reads from its environment."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class RosterSettings(ServiceSettings):
    """The common settings; the roster's own carry the prefix `ROSTER_`."""

    model_config = SettingsConfigDict(env_prefix="ROSTER_")
