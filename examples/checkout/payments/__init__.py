"""The service that charges cards."""
