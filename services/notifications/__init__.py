"""Tells visitors what becomes of their bookings, before the day and on it.

Before: booked, moved, cancelled, and a reminder the evening before. On the day: your turn is near, you are called, you
missed it and what to do, the window runs late, its official is called away. Of a case: its steps, by number alone.
Besides, the code by which a citizen signs in: accounts sends it by an internal command, and it goes out while accounts
waits, at any hour. It is kept sealed until it is dead, five minutes later, then deleted; no event, log or URL has it.
Until there is a provider of text messages the console's box, which operators can read, stands for the phone.

Owns: messages with their deliveries, and the console channel's box.
Publishes: notifications.messages.v1, from the moment a message is rendered and has its channel; what is
withdrawn before that was never said.
Consumes: roster.venues.v1, roster.matters.v1, roster.sessions.v1 (what to say), booking.bookings.v1 (what about),
queue.visits.v1, queue.windows.v1 (the day), cases.cases.v1 (what becomes of what somebody raised), accounts.people.v1
(whose tokens count no more). A visit without a booking has no address and is told nothing.
Promises: a message is unique for ever by booking, visit or window, version, kind and recipient, so a topic read again
tells nobody twice. It is sent at least once, and at most once where the channel recognises its id; a
sending whose end is unknown is counted. Nothing is sent of a booking that is gone or of a turn
that has passed, and nothing between 22:00 and 08:00 but moves and cancellations of the next 24 hours. Words and
addresses are encrypted, and deleted after the retention period or when the person asks.
"""
