"""The roster: which service days there are, who is on duty at which window, and what people may come for.

Owns: venue, departments, windows, officials, matters, programmes, the working-day calendar, sessions, duties.
Publishes: `roster.venues.v1`, `roster.matters.v1`, `roster.sessions.v1`, `roster.calendars.v1`.
Consumes: `accounts.people.v1` (whose tokens count no more).
Promises: planning again changes nothing; two sessions of a programme never share a date; a certain session
moves only by a person's command or a confirmed import; a year without a calendar gives tentative sessions
alone; a pack is taken over whole or not at all, with every mistake told by file and line.
"""
