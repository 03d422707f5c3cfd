"""Cases: what a window cannot settle, from its registration to its verified closing.

Owns: problems, suggestions, complaints and petitions with their story, terms, parts, promises, call-backs, and the
watched list.
Publishes: `cases.cases.v1`.
Consumes: `roster.venues.v1`, `roster.sessions.v1`, `roster.calendars.v1`, `queue.visits.v1`, `queue.findings.v1`,
`accounts.people.v1`.
Promises: an open case always has somebody who has to act and a day by which; a term in working days ends on one, also
after the calendar changed; a case is closed in one of three ways, verified, not reached, or by the supervisor with
reason and remedy; it leaves the watched list only when verified; what rules do says why; a complaint about a person
never reaches that person or their office; whatever was handed on in the hall becomes one case, also where the queue is
away for a while; what people wrote is encrypted here and in no event, and is forgotten after its term or when they ask.
"""
