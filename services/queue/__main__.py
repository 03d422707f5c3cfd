"""`python -m services.queue`: serves; `--help` tells what else."""

from services.queue.app import create_app
from services.queue.commands import state_events
from services.queue.consumers import subscriptions
from services.queue.queries import aggregate_ids
from services.queue.settings import QueueSettings
from services.queue.workers import rules
from shared.command_line import make_command_line

command_line = make_command_line(
    "queue",
    settings_factory=QueueSettings,
    app_factory=create_app,
    subscriptions=subscriptions,
    aggregate_ids=aggregate_ids,
    state_events=state_events,
    forgets=rules,
)

if __name__ == "__main__":
    command_line()
