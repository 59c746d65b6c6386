"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

# A server that was told nothing must not start in development.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{{ production }}")

application = get_wsgi_application()
