"""`python -m services.notifications`: serves; `--help` tells what else."""

from services.notifications.app import create_app
from services.notifications.commands import state_events
from services.notifications.consumers import subscriptions
from services.notifications.queries import aggregate_ids
from services.notifications.settings import NotificationsSettings
from services.notifications.workers import rules
from shared.command_line import make_command_line

command_line = make_command_line(
    "notifications",
    settings_factory=NotificationsSettings,
    app_factory=create_app,
    subscriptions=subscriptions,
    aggregate_ids=aggregate_ids,
    state_events=state_events,
    forgets=rules,
)

if __name__ == "__main__":
    command_line()
