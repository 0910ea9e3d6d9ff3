import sentry_sdk
from flask import Flask

from sentryintegration import start_transaction


def create_app():
    sentry_sdk.init(release="tea-shop@1.4", traces_sample_rate=1.0)
    app = Flask("tea_shop")

    @app.get("/price/<tea>")
    def price(tea):
        with start_transaction(op="db.query", description="SELECT cents FROM teas"):
            return {"cents": {"green": 450}[tea]}

    return app
