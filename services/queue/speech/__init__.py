"""Calls that are heard in the hall: a gong, and twice who is to go where.

Made on the server, for a screen without internet may have no Chinese voice. `announcer` keeps what was made and has the
rest made; `child` makes it, in a process of its own that imports neither the service nor its settings, which is why
nothing is imported here.
"""
