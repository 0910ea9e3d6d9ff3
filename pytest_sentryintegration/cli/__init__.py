"""The command line: one module a command. Data goes to stdout, text for people to stderr."""
