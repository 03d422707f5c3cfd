"""Every statement of booking, one typed function each, the connection first."""
