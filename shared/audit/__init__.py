"""Who did what to which record, from where: a chain of hashes in each service's own database.

Promises: a row stands if and only if the change that it tells of was committed, for both are one transaction. The
service's own role can neither change nor delete a row. A row that was changed or taken out is found by walking the
chain; what is cut off its end is found by whoever wrote the last hash down elsewhere. A row holds ids and codes, never
a name, a number, a phone or words that somebody typed.
Limits: appending waits for whoever appends before, so it is what a transaction does last; what citizens do is told by
events and stands here only as far as staff did it for them. What was refused changed nothing and leaves no row.
"""
