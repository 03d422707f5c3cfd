"""Every statement of accounts, by the thing that it is about."""
