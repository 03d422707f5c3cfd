"""`python -m services.cases`: serves; `--help` tells what else."""

from services.cases.app import create_app
from services.cases.commands import state_events
from services.cases.consumers import subscriptions
from services.cases.queries import aggregate_ids
from services.cases.settings import CasesSettings
from services.cases.workers import rules
from shared.command_line import make_command_line

command_line = make_command_line(
    "cases",
    settings_factory=CasesSettings,
    app_factory=create_app,
    subscriptions=subscriptions,
    aggregate_ids=aggregate_ids,
    state_events=state_events,
    forgets=rules,
)

if __name__ == "__main__":
    command_line()
