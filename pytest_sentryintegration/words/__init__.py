"""What a person reads: failures, trees that differ, why nothing arrived. Knows nothing of pytest."""

from pytest_sentryintegration.evidence import Elsewhere as Elsewhere
from pytest_sentryintegration.evidence import Evidence as Evidence
from pytest_sentryintegration.words.captured import captured as captured
from pytest_sentryintegration.words.explaining import explain as explain
from pytest_sentryintegration.words.policies import not_accepted as not_accepted
from pytest_sentryintegration.words.policies import unexpected as unexpected
from pytest_sentryintegration.words.trees import compare_lines as compare_lines
