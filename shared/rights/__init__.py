"""What a person may ask of a service that holds their data, and what it forgets by itself."""
