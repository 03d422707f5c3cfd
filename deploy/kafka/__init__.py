"""The topics of `shared.events.topics` on a cluster. See `topics`."""
