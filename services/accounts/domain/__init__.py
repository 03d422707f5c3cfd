"""The rules of accounts: passwords, codes, keys, devices, persons, erasures, views. No I/O; `now` is an argument."""
