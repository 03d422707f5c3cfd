"""What booking reads from its environment."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings

Network = IPv4Network | IPv6Network


def _networks(listed: Any) -> Any:
    """Networks as an environment writes them: with commas between."""
    if not isinstance(listed, str):
        return listed
    return tuple(ip_network(each.strip()) for each in listed.split(",") if each.strip())


class BookingSettings(ServiceSettings):
    """Booking's own settings carry the prefix `BOOKING_`."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_")

    claim_batch: int = Field(default=64, ge=1, le=256)
    """Requests that share a commit, at most."""
    claim_lines: int = Field(default=1, ge=1, le=16)
    """Transactions that claim at the same time; a slot always stands in the same line. More lines wait less for each
    other, but share fewer commits: on two cores two cost a quarter more of the database's work for each booking."""
    claim_queue: int = Field(default=1024, ge=1)
    """Requests that may wait in one line; past it the answer is 429."""
    claim_patience_seconds: float = Field(default=10.0, gt=0)
    """A request that waited this long is answered 429 without being tried."""
    requests_window_minutes: int = Field(default=10, ge=1)
    requests_per_address: int = Field(default=60, ge=1)
    """Requests for a seat from one client address in such a window; a village or a hall's visitors may share one."""
    requests_per_hall_address: int = Field(default=600, ge=1)
    """As `requests_per_address`, for an address of the county's own networks."""
    seats_per_document: int = Field(default=10, ge=1)
    """Seats taken online for one document in a day, those given back included: who takes and gives back all day keeps
    others from them."""
    seats_per_phone: int = Field(default=40, ge=1)
    """As `seats_per_document`, for one phone: a family shares it, and a village's helper books for many."""
    tries_window_minutes: int = Field(default=15, ge=1)
    tries_per_code: int = Field(default=5, ge=1)
    """Wrong digits for one code in a window."""
    tries_per_address: int = Field(default=30, ge=1)
    """Wrong codes or digits from one client address in a window; a village may share one."""
    hall_networks: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = ()
    """The county's own networks, such as `10.8.0.0/16,2001:db8::/48`: all of a hall comes from one address, and many a
    slip of the tongue with it."""
    tries_per_hall_address: int = Field(default=300, ge=1)
    """As `tries_per_address`, for an address of the county's own networks."""

    def tries_from(self, client_address: str) -> int:
        """How many wrong codes or digits may come from this address in a window."""
        return self.tries_per_hall_address if self._is_at_home(client_address) else self.tries_per_address

    def requests_from(self, client_address: str) -> int:
        """How many requests for a seat may come from this address in a window."""
        return self.requests_per_hall_address if self._is_at_home(client_address) else self.requests_per_address

    def _is_at_home(self, client_address: str) -> bool:
        """Whether an address is of the county's own networks. What is no address is not."""
        if not self.hall_networks:
            return False
        try:
            address = ip_address(client_address)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address  # a socket of both kinds says ::ffff:10.8.0.1
        return any(address in network for network in self.hall_networks)
