"""What every service with staff routes hears of accounts: one handler, which each gives to its own subscription.

A projection guarded by version: a repeated or older event changes nothing.
"""

from shared.database import Connection
from shared.events.accounts import AccountEvent
from shared.events.topics import PEOPLE
from shared.identity import sql
from shared.messaging.consumer import Received, Subscriptions
from shared.messaging.metrics import count_gap


def listen(subscriptions: Subscriptions) -> None:
    """Have a service hear whose tokens count no more."""
    subscriptions.to(PEOPLE, together=50)(take_account)


async def take_account(connection: Connection, received: Received) -> None:
    """Keep an account's standing."""
    event = received.event
    assert isinstance(event, AccountEvent)  # noqa: S101  (the topic's contract)
    account = event.account
    before = await sql.upsert_standing(
        connection,
        account_id=account.account_id,
        version=event.version,
        state=account.state,
        tokens_from=account.tokens_from,
        ended_sessions=[each.session_id for each in account.ended_sessions],
    )
    count_gap(PEOPLE.name, before, event.version)
