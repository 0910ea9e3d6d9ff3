"""A fake Sentry for pytest: see what an application really sent."""
