"""On Elastic Beanstalk. Every secret and every address comes from an environment property."""

import os
{%- if celery %}
import ssl
{%- endif %}
{%- if database == "sqlite" %}
from pathlib import Path
{%- endif %}
{%- if celery %}
from urllib.parse import urlsplit
{%- endif %}

from django.core.exceptions import ImproperlyConfigured
{%- if database != "sqlite" %}

from deployment.databases import from_environment
{%- endif %}

from .base import *  # noqa: F403
{%- if database == "sqlite" %}
from .base import BASE_DIR
{%- endif %}


def required(name):
    try:
        return os.environ[name]
    except KeyError:
        raise ImproperlyConfigured(f"the environment property {name} is not set: see README.md") from None


def listed(name, default):
    value = os.environ.get(name, "")
    return [part.strip() for part in value.split(",") if part.strip()] or default
{%- if celery %}


def next_database(url):
    split = urlsplit(url)
    return split._replace(path=f"/{int(split.path.strip('/') or 0) + 1}").geturl()
{%- endif %}


DEBUG = False

# Never generated at start: each process would make its own and log everybody out.
SECRET_KEY = required("SECRET_KEY")

# The environment's own address{% if domain %}, the domain{% endif %}, and loopback for a local run of the bundle. Never "*".
ALLOWED_HOSTS = listed(
    "ALLOWED_HOSTS",
    [
        ".{{ region }}.elasticbeanstalk.com",
{%- if domain %}
        "{{ domain }}",
{%- if bare_domain != domain %}
        "{{ bare_domain }}",
{%- endif %}
{%- endif %}
        "localhost",
        "127.0.0.1",
    ],
)

# A browser's Origin names the scheme, so these do too.
CSRF_TRUSTED_ORIGINS = listed(
    "CSRF_TRUSTED_ORIGINS",
{%- if domain %}
    [
        "{{ scheme }}://{{ domain }}",
{%- if bare_domain != domain %}
        "{{ scheme }}://{{ bare_domain }}",
{%- endif %}
    ],
{%- else %}
    [],
{%- endif %}
)
{% if https %}
# The balancer ends TLS and says so in this header, whatever the client sent.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The health path never gets here: its middleware answers first.
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# Browsers remember this. Raise it to a year when HTTPS has worked for a while.
SECURE_HSTS_SECONDS = int(os.environ.get("SECURE_HSTS_SECONDS", "3600"))
# Subdomains and the preload list are decisions for a whole domain, not for one site.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
{%- else %}
# No TLS yet: a redirect or a secure cookie would lock everybody out. Generate with `https` (it needs
# a load balancer and a certificate) and these go away.
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS
    "security.W008",  # redirect to HTTPS
    "security.W012",  # secure session cookie
    "security.W016",  # secure CSRF cookie
]
{%- endif %}
{% if database == "sqlite" %}
# For learning: one instance, and the data go with it. `.ebextensions` makes the folder, so that a
# deployment does not replace the file; without it (a local run) it lies beside the code.
DATA_DIR = Path("/var/app/data")
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SQLITE_PATH") or (DATA_DIR if DATA_DIR.is_dir() else BASE_DIR) / "db.sqlite3",
        # Two workers may write at once: wait instead of failing, and lock before reading.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
    }
}
{% else %}
# DATABASE_URL, or the RDS_* properties of a database that the environment knows.
{%- if server == "wsgi" %} One instance holds
# up to {{ all_connections }} connections ({{ workers }} workers, {{ threads }} threads each{% if celery %}; Celery's {{ celery_processes }}{% endif %}): the server must allow that for every instance.
DATABASES = {"default": from_environment(os.environ, "{{ database }}")}
{%- elif database == "postgresql" %} One instance holds
# up to {{ all_connections }} connections ({{ workers }} workers, {{ threads }} in the pool of each{% if celery %}; Celery's {{ celery_processes }}{% endif %}): the server must allow that for every instance.
DATABASES = {"default": from_environment(os.environ, "postgresql", pool={{ threads }})}
{%- else %} An event loop
# has a thread for each request, so a connection ends with its request: a kept one would be for nobody.
DATABASES = {"default": from_environment(os.environ, "{{ database }}", keep=0)}
{%- endif %}
{% endif %}
{%- if cache == "redis" %}
# One cache for all instances and processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": required("REDIS_URL"),
    }
}
# Redis is asked first; the database remembers what Redis forgot.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
{% else %}
# One cache for all instances and processes: memory of one's own would give each worker another answer.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
{% endif %}
{%- if celery %}
# Another database of the same server: clearing the cache would take the tasks with it.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or next_database(required("REDIS_URL"))
if CELERY_BROKER_URL.startswith("rediss:"):
    # As the cache does by itself; Celery alone would take anybody's certificate.
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
# A task is taken off the list when it is done, not when it starts: a deployment may interrupt it.
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
{% endif %}
# EMAIL_HOST is a server such as email-smtp.{{ region }}.amazonaws.com. Without it no mail is sent, and the log says so.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "deployment.mail.Unsent"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
# Never in the clear: 465 begins with TLS, all others change to it.
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = not EMAIL_USE_SSL
# A server that does not answer must not hold a worker.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "webmaster@localhost")
# They get a mail for each error of the site.
ADMINS = {% if django == "5.2" %}[("", address) for address in listed("ADMINS", [])]{% else %}listed("ADMINS", []){% endif %}

{% if static_files == "s3" -%}
# The instance's role may write to the bucket: there are no keys here.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "storages.backends.s3.S3ManifestStaticStorage",
        "OPTIONS": {
            "bucket_name": "{{ static_bucket }}",
            "region_name": "{{ region }}",
            "custom_domain": "{{ static_domain }}",
            "location": "static",
            "querystring_auth": False,
            # Names change with content, so browsers may keep them for ever.
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        },
    },
}
STATIC_URL = "https://{{ static_domain }}/static/"
{% elif static_files == "whitenoise" %}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Names change with content, so browsers may keep them for ever.
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
{% else %}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Names change with content, so browsers may keep them for ever.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
{% endif -%}
