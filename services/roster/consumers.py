"""What the roster hears: whose tokens count no more. Nothing that it plans comes from elsewhere."""

from shared.identity.consumers import listen
from shared.messaging.consumer import Subscriptions

subscriptions = Subscriptions("roster")
listen(subscriptions)
