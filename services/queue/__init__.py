"""Queue: the service day itself, from check-in to outcome.

Owns: the day's windows, tickets, visits with their outcomes, what was found and decided, what was promised
because a director had left, and the attendance of officials.
Publishes: `queue.visits.v1`, `queue.windows.v1`, `queue.findings.v1`, `queue.days.v1`.
Consumes: `roster.venues.v1`, `roster.matters.v1`, `roster.sessions.v1`, `roster.calendars.v1`, `booking.bookings.v1`,
`accounts.people.v1`.
Promises: numbers are gapless within a session and department; two windows never call one person, one window never
has two; nobody present is overtaken by priority more than twice; check-in by code or document, calls and outcomes go
on while booking, notifications or Kafka are away, for who comes is asked beforehand; what visitors say stays here,
encrypted, and is forgotten after its term or when they ask, while figures stay; a document's number is neither kept nor
logged: the window that serves may see it, with a reason that stands in the audit; whoever was promised the first place
has it the next time they come; a change reaches every screen, whichever process made it; the day's sheet says what the
tables say, and native code that prints or speaks runs in processes of its own, whose end harms nobody here.
"""
