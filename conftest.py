"""Settings of this repository's own tests (pytest allows ``pytest_plugins`` only here)."""

pytest_plugins = ["pytester"]
