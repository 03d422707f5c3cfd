"""What is printed of meetings: the agenda beforehand, the minutes afterwards; typeset in a process of its own."""
