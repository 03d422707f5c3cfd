"""The rules of accounts: passwords, codes, keys, the audit's chain, and what is shown. No I/O; `now` is an argument."""
