"""A callback receiver with FastAPI: python examples/receiver_fastapi.py [PORT]"""

from __future__ import annotations

import sys

import booking
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from cheonggu.client import JSON_TYPE

app = FastAPI()


@app.post("/callback")
async def callback(request: Request) -> Response:
    """The body's bytes as they came: JSON that was read and written again does not verify."""
    body = await request.body()
    status, answer = await run_in_threadpool(booking.answer_to, body, request.headers)
    return Response(answer, status, media_type=JSON_TYPE)


if __name__ == "__main__":
    booking.prepare()
    uvicorn.run(app, port=int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
