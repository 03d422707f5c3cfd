"""`python -m services.booking`: serves; `--help` tells what else."""

from services.booking.app import create_app
from services.booking.commands import state_events
from services.booking.consumers import subscriptions
from services.booking.queries import aggregate_ids
from services.booking.settings import BookingSettings
from services.booking.workers import rules
from shared.command_line import make_command_line

command_line = make_command_line(
    "booking",
    settings_factory=BookingSettings,
    app_factory=create_app,
    subscriptions=subscriptions,
    aggregate_ids=aggregate_ids,
    state_events=state_events,
    forgets=rules,
)

if __name__ == "__main__":
    command_line()
