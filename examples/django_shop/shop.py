"""A shop in Django: its one view asks the database, and refuses what is sold out."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

import sentryintegration


class SoldOut(Exception):
    """Nothing of it is left."""


def buy(request: HttpRequest, product: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s = 'teapot'", [product])
        (there,) = cursor.fetchone()
    if not there:
        raise SoldOut(product)
    sentryintegration.capture_message(f"sold a {product}", tags={"product": product})
    return HttpResponse("thank you")


urlpatterns = [path("buy/<product>/", buy, name="buy")]
