"""The rules of the queue: plain functions and frozen models. `now` is always passed in; no I/O."""
