"""What an asynchronous server serves."""

import os

from django.core.asgi import get_asgi_application

# A server that was told nothing must not start in development.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{{ production }}")

application = get_asgi_application()
