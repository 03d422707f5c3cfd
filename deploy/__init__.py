"""How the system is run: embedded on one machine, or with Compose from one image."""
