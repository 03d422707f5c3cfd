"""Every statement of the roster, one typed function each, the connection first."""
