"""The rules of booking: plain functions and frozen models. `now` is always passed in; no I/O."""
