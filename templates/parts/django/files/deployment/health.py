"""The answer to health checks.

A load balancer asks each instance by its address and over plain HTTP. Django would answer 400 (the host is not allowed)
or 301 (not HTTPS), and the instance would be replaced though the site works. This middleware answers before those
checks, and only for its own two paths: all others keep them.
"""
{% if not sync_only %}
from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
{%- endif %}
from django.conf import settings
from django.db import connection
from django.http import HttpResponse


class HealthMiddleware:
{%- if sync_only %}
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.answer(request) or self.get_response(request)
{%- else %}
    async_capable = True
    sync_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request):
        if self.is_async:
            return self.call_async(request)
        return self.answer(request) or self.get_response(request)

    async def call_async(self, request):
        answer = await sync_to_async(self.answer)(request)
        return answer or await self.get_response(request)
{%- endif %}

    def answer(self, request):
        if request.path == settings.HEALTH_PATH:
            return plain("ok")
        if request.path == settings.READY_PATH:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            except Exception as error:
                # The kind of error is enough for a log; the text may hold an address or a name.
                return plain(f"database: {type(error).__name__}", status=503)
            finally:
                # The middleware that would close it at the end of a request never sees this one.
                connection.close_if_unusable_or_obsolete()
            return plain("ready")
        return None


def plain(text, status=200):
    response = HttpResponse(text + "\n", status=status, content_type="text/plain")
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))
    return response
