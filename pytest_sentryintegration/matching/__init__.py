"""What a test expects, compared with what was received: criteria, span patterns, differences, nearest misses.

Works on the attributes of any object and imports nothing else of the project.
"""

from pytest_sentryintegration.matching.criteria import CriterionError as CriterionError
from pytest_sentryintegration.matching.criteria import Difference as Difference
from pytest_sentryintegration.matching.criteria import differences as differences
from pytest_sentryintegration.matching.span_pattern import SpanPattern as SpanPattern
from pytest_sentryintegration.matching.span_pattern import span as span
