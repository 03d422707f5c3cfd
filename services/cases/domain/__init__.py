"""The rules of a case: plain functions and frozen models, without I/O."""
