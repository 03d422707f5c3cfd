"""Every statement of cases, by what it is about."""
