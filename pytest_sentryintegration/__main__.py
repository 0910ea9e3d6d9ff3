"""``python -m pytest_sentryintegration``: the command line, where the script is not on the path."""

import sys

from pytest_sentryintegration.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
