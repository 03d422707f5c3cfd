"""What changes in accounts, each verb a story. Commands never commit."""
