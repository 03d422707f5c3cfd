"""The topics of `shared.events.topics` on a cluster, see `topics`, and who may use them, see `permissions`."""
