"""Queue: the service day itself, from check-in to outcome.

Owns: the day's windows, tickets, visits with their outcomes, what was found, and the attendance of officials.
Publishes: `queue.visits.v1`, `queue.windows.v1`.
Consumes: `roster.venues.v1`, `roster.matters.v1`, `roster.sessions.v1`, `booking.bookings.v1`.
Promises: numbers are gapless within a session and department; two windows never call one person, one window never
has two; nobody present is overtaken by priority more than twice; check-in by code or document, calls and outcomes go
on while booking, notifications or Kafka are away, for who comes is asked beforehand; what visitors say stays here,
encrypted, and a document's number is neither kept nor logged; a change reaches every screen, whichever process made it.
"""
