"""On a desk: `python manage.py runserver`."""

from .base import *  # noqa: F403
from .base import BASE_DIR

DEBUG = True
SECRET_KEY = "insecure-and-only-for-development"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
    }
}
{%- if celery %}

# Tasks run at once, in the same process: no broker on a desk.
CELERY_TASK_ALWAYS_EAGER = True
{%- endif %}
