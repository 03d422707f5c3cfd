"""What changes of cases, each verb a story. Commands never commit.

Every verb locks its case first; then it judges, changes, writes the line of the story, and says so through the outbox.
"""

from services.cases.commands.state import state_events

__all__ = ["state_events"]
