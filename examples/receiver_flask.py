"""A callback receiver with Flask: python examples/receiver_flask.py [PORT]"""

from __future__ import annotations

import sys

import booking
from flask import Flask, Response, request

from cheonggu.client import JSON_TYPE

app = Flask(__name__)


@app.post("/callback")
def callback() -> Response:
    """The body's bytes as they came: JSON that was read and written again does not verify."""
    status, answer = booking.answer_to(request.get_data(), request.headers)
    return Response(answer, status, mimetype=JSON_TYPE)


if __name__ == "__main__":
    booking.prepare()
    app.run(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
