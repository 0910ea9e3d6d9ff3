"""Orders and products, in sqlite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentryintegration import start_transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS products (name TEXT PRIMARY KEY, cents INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, product TEXT, cents INTEGER, state TEXT);
INSERT OR IGNORE INTO products VALUES ('tea', 450), ('teapot', 4200), ('samovar', 89900);
"""


class UnknownProduct(LookupError):
    """The shop does not sell this."""


@dataclass(frozen=True)
class Order:
    """What somebody bought."""

    number: int
    product: str
    cents: int
    state: str = "new"


class Orders:
    """The shop's database. Each call has a connection of its own, so any thread may use it."""

    def __init__(self, database: Path) -> None:
        self.database = database
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(SCHEMA)

    def place(self, product: str) -> Order:
        """Write down an order of one *product*."""
        found = self._query("SELECT cents FROM products WHERE name = ?", product)
        if not found:
            raise UnknownProduct(f"no product is named {product!r}")
        cents = found[0][0]
        [(number,)] = self._query(
            "INSERT INTO orders (product, cents, state) VALUES (?, ?, 'new') RETURNING number", product, cents
        )
        return Order(number, product, cents)

    def read(self, number: int) -> Order:
        """Return an order."""
        [row] = self._query("SELECT number, product, cents, state FROM orders WHERE number = ?", number)
        return Order(*row)

    def mark(self, number: int, state: str) -> None:
        """Set the state of an order."""
        self._query("UPDATE orders SET state = ? WHERE number = ?", state, number)

    def _query(self, sql: str, *values: object) -> list[Any]:
        with (
            start_transaction(op="db.query", description=sql),
            closing(sqlite3.connect(self.database)) as connection,
            connection,
        ):
            return connection.execute(sql, values).fetchall()
