"""What changes in the queue, each verb a story. Commands never commit.

Every verb first locks its session's row, so that what happens in the hall has one order; then it reads, changes,
appends its event to the outbox, records its step, and counts the change for those who look on.
"""

from services.queue.commands.state import state_events

__all__ = ["state_events"]
