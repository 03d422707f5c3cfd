"""Every statement of notifications, on the tables of `migrations/`, a module for each group of tables.

Rules go by `county_now()`. A lease (`claimed_until`) goes by the server's own clock: a worker's death is no matter
of the county's time, which demos and tests may stop.
"""
