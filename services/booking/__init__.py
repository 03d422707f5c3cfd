"""Booking: who comes when, to which window.

Owns: slots, bookings and whose account made them, if somebody was signed in, whether those who booked came, the
visitors' personal data (encrypted, gone 90 days after or when they ask), which privacy notice they accepted, booking
codes.
Publishes: `booking.bookings.v1`.
Consumes: `roster.sessions.v1`, `roster.matters.v1`, `queue.visits.v1`, `accounts.people.v1`.
Promises: no seat is sold twice and no confirmed booking is lost, whatever dies; one live booking a person,
session and department, and no two at overlapping times; nobody is rebooked without agreeing, and no seat is handed on
to another person; bookings go on while Kafka is away; past a bounded queue the answer is 429, at once; an address, a
document and a phone book so many times and no more, whichever process they ask.
"""
