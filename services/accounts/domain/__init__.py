"""The rules of accounts: passwords, codes, keys, devices, persons, erasures; what is shown. No I/O; `now` is an argument."""
