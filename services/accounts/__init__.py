"""Who may sign in, and who may do what: accounts, roles, sign-ins, and the keys that sign tokens.

Owns: accounts of staff and of citizens, the persons whom citizens book for, the staff's roles, sessions and one-time
codes, the halls' kiosks and screens, whom a provider of OpenID Connect means by its subjects, the signing keys, orders
to forget somebody with their proofs, and the audit of it all.
Publishes: `accounts.people.v1`, by ids alone: what somebody may do, and which tokens count no more.
Consumes: nothing.
Promises: an unknown login, a wrong password, a wrong code and a suspended account are answered alike, and after the
same work. A password is tried a counted number of times, however many ask at once; a code of the telephone opens
once. A citizen's code is sent by notifications, an HTTP command, and asked for and answered alike whosever phone it
is; it lives five minutes, five tries however many ask at once, and opens once; only then is there an account. A token
lives 30 minutes and a sign-in 12 hours, a citizen's 30 days. A change of roles, a suspension or a sign-out voids every
token that it concerns: here at once, in the other services when they have read the event. Who comes with a provider of
OpenID Connect needs no password, but the telephone's code unless the county trusts the provider's word for a second
factor; unknown and suspended are told alike there too. A kiosk or screen is paired by a code that opens once, and its
tokens are good for one thing in one venue; once it is revoked, its secret renews nothing. What was done to an account
or a device stands in the audit (`shared.audit`), which the service itself can neither change nor delete.
Two clocks: whether a role is held goes by the county's, which a simulation moves. Passwords, codes, tokens and
sessions go by the machine's, or a moved clock would let them die early or live for ever.
"""
