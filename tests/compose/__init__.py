"""The system as an operator runs it: images, networks, volumes and restarts."""
