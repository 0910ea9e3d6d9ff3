"""The captured API: what came, asked for over HTTP.

Imported when a path outside of ingest is first asked for. A request passes `access` (may this client read?),
then `app` finds its handler by werkzeug's routing. Criteria, matching, failures and trees are those of
`sentry_events`.
"""
