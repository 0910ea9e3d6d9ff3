"""What a test reads of one inbox: `SentryEvents`, its live views, find and wait."""
