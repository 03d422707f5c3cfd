"""`make simulate`: a busy service day in the real system, sixty times as fast, and whether everything agrees after it.

Four hundred people (eight times the usual) come to fourteen windows as people come: most in the first hour, some
late, some never, some with the wrong department, some with two. They book, check in, are called, received and leave
by the public APIs alone; only the clock is moved, by the one way there is, `county_now()`. Meanwhile the simulation
keeps its own ledger of what it saw, and at the end tables, events and the day's sheet must agree with it to the last
person.
"""
