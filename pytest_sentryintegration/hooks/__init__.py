"""The hooks and fixtures of the plugin, which `plugin` lists: the only room that knows of pytest.

- `redirecting`: the redirect, set when the plugin is imported, and what a session shares with others.
- `options`: the command line and the ini file.
- `sessions`: begin and end of a session.
- `fixtures`: the fixtures, and which tests get them unasked.
- `policies`: tests that fail for what they sent.
- `reports`: failing tests' reports and the terminal summary.

Until Sentry is used, none of them imports more than pytest, the import hook and the settings.
"""
