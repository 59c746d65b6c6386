"""On a desk: `python manage.py runserver`."""

{% if database != "sqlite" -%}
import os

from deployment.databases import from_environment

{% endif -%}
from .base import *  # noqa: F403
from .base import BASE_DIR

DEBUG = True
SECRET_KEY = "insecure-and-only-for-development"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]

{% if database == "sqlite" -%}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
    }
}
{%- else -%}
# The server that DATABASE_URL names, as on the environment. Without it a file, which does for a first look.
if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": from_environment(os.environ, "{{ database }}")}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
{%- endif %}

# Mail is printed where the server was started.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
{%- if celery %}

# Tasks run at once, in the same process: no broker on a desk.
CELERY_TASK_ALWAYS_EAGER = True
{%- endif %}
