# pyright: basic
# (Django has no types of its own.)
"""A callback receiver with Django, in one file: python examples/receiver_django.py [PORT]"""

from __future__ import annotations

import sys

import booking
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cheonggu.client import JSON_TYPE

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "localhost"])


@csrf_exempt  # the signature does what the token would
@require_POST
def callback(request: HttpRequest) -> HttpResponse:
    """The body's bytes as they came: JSON that was read and written again does not verify."""
    status, answer = booking.answer_to(request.body, request.headers)  # pyright: ignore[reportArgumentType]
    return HttpResponse(answer, content_type=JSON_TYPE, status=status)


urlpatterns = [path("callback", callback)]

if __name__ == "__main__":
    booking.prepare()
    port = sys.argv[1] if len(sys.argv) > 1 else "8000"
    execute_from_command_line(["", "runserver", "--noreload", f"127.0.0.1:{port}"])
