"""Processes that a test starts: their output is kept, and they end with the test, and their own with them.

- `output`: what they write, read as it comes, and what they are called.
- `child`: one of them, and how it is ended.
- `readiness`: what `popen` waits for.
- `running`: what `run` returns.
"""
