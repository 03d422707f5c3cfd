"""A database, an owner role and a runtime role for each service, and its migrations. See `databases`."""
