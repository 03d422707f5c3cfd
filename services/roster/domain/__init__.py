"""The roster's rules: plain functions and frozen models. Time is an argument; nothing here reads or writes.

`source` reads YAML and remembers lines · `entry` what every pack entry is made of · `pack` a whole pack ·
`calendar` working days · `programme` recurrence, hours and booking rules · `duties` who sits where ·
`placement` dates and shifts · `planning` what has to change · `search` plain words to matters.
"""
