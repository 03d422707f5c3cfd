"""Every statement of the queue, by what it is about."""
