"""The one image: how it is built, and the secrets that its containers find under `/run/secrets`."""
