"""What at least two services need, each module named by one noun. Never imports `services`."""
