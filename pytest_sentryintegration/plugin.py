"""Hooks and fixtures."""
