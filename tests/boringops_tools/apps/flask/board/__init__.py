import os

from flask import Flask


def create_app():
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
    app.config["CACHE"] = os.getenv("REDIS_URL")
    app.config["PAGE"] = int(os.environ.get("PAGE_SIZE", 20))

    @app.route("/healthz")
    def healthz():
        return "ok"

    return app
