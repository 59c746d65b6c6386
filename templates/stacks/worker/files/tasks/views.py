"""Where the queue's daemon posts messages.

The daemon runs on the instance itself. 200 takes the message off the queue; everything else brings it back later.
"""

import json
import logging

from django.core.cache import cache
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, HttpResponseNotFound
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .registry import TASKS

logger = logging.getLogger(__name__)

# A message that was done is remembered this long, in seconds: the queue may deliver it twice.
REMEMBER = 24 * 60 * 60
# What a message that is none raises.
MALFORMED = (ValueError, KeyError, TypeError)


# A daemon has no session and no cookie, so there is nothing that another site could abuse.
@csrf_exempt
@require_POST
def receive(request):
    if not from_this_instance(request):
        return HttpResponseForbidden("only the daemon on this instance may post here\n")
    # cron.yaml names its tasks in a header; a message of your own says {"task": "name", ...}.
    name = request.headers.get("X-Aws-Sqsd-Taskname")
    message = {}
    if name is None:
        try:
            message = json.loads(request.body)
            name = message["task"]
        except MALFORMED:
            return HttpResponseBadRequest('a message is a JSON object with a "task"\n')
    if name not in TASKS:
        return HttpResponseNotFound("there is no such task\n")
    key = f"message:{request.headers.get('X-Aws-Sqsd-Msgid', '')}"
    if not key.endswith(":") and cache.get(key):
        return HttpResponse("done already\n")
    TASKS[name](message)
    cache.set(key, True, REMEMBER)
    logger.info("task %s done", name)
    return HttpResponse("done\n")


def from_this_instance(request):
    # nginx adds who asked it.
    asked = request.headers.get("X-Forwarded-For", request.META["REMOTE_ADDR"])
    return asked in ("127.0.0.1", "::1")
