"""A small shop: takes orders, has them paid by another service, sends receipts in the background."""

__version__ = "1.4.0"
