"""How fast and how small the whole system is, each figure beside a floor measured in the same run.

`python -m tests.bench` starts what it needs in a folder of its own, loads only 127.0.0.1, bounded in count and
time, and removes all of it again.
"""
