"""The day's sheet on paper (PDF) and as a table (XLSX).

`press` lays it out in the service and has the file made; `child` makes it, in a process of its own that imports
neither the service nor its settings, which is why nothing is imported here.
"""
