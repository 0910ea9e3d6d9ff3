"""What came, by inbox: append it, read it, wait for it. Knows neither HTTP nor what the bytes mean."""

from pytest_sentryintegration.store.bounds import IDLE, OLDEST
from pytest_sentryintegration.store.entries import Arrival, Entry, Headers, RefusedRequest, Tolerated
from pytest_sentryintegration.store.holding import Evicted, Holder, HolderError
from pytest_sentryintegration.store.keeping import Store
from pytest_sentryintegration.store.memory import STRAYS, Batch
from pytest_sentryintegration.store.uploads import UploadError, Uploads

__all__ = [
    "IDLE",
    "OLDEST",
    "STRAYS",
    "Arrival",
    "Batch",
    "Entry",
    "Evicted",
    "Headers",
    "Holder",
    "HolderError",
    "RefusedRequest",
    "Store",
    "Tolerated",
    "UploadError",
    "Uploads",
]
