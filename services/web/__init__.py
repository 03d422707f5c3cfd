"""Web: the pages, rendered on the server, that work without a script.

Owns: nothing but what the pages look like. No database, no Kafka: a page is put together from the
other services' HTTP APIs, as any other client could.
Publishes: nothing. Consumes: nothing.
Promises: pages of one service go on while another is down, and say what is missing · what a visitor
typed is never lost to an error · a button pressed twice books once, and the browser's back, forward and
reload send nothing again · nothing personal in an address · every page works without JavaScript, carries
the phone number, and says the next step.
Limits: the browser keeps what was typed, sealed, for an hour · what the roster says is remembered for half a
minute, and used for an hour while the roster is away.
"""
