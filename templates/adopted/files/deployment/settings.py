# flake8: noqa
"""`{{ settings }}` on Elastic Beanstalk: everything from there, and on top only what the platform needs.

`.ebextensions` names this module as DJANGO_SETTINGS_MODULE. On a desk nothing uses it.
"""
{%- if database == "mysql" and not found.mysqlclient %}

import pymysql

# Django looks for mysqlclient, which would have to be compiled on the instance.
pymysql.install_as_MySQLdb()
{%- endif %}

from {{ settings }} import *

# After the star: these names are ours here, whatever the other module calls by them.
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
{%- if database in ["postgresql", "mysql"] %}

from {{ deployment_package }}.databases import from_environment
{%- endif %}

ROOT = Path(__file__).resolve().parent.parent
{%- if found.set_debug %}

# Every error would show settings and source code to whoever caused it.
DEBUG = False
{%- endif %}
{%- if found.set_secret %}

# It stands in the code, is made anew by each process, or is missing where no variable has it.
try:
    SECRET_KEY = os.environ["{{ found.secret_name }}"]
except KeyError:
    raise ImproperlyConfigured("the environment property {{ found.secret_name }} is not set") from None
{%- elif found.offer_secret %}

# Where nothing else has set it, it is an environment property.
SECRET_KEY = os.environ.get("{{ found.secret_name }}") or globals().get("SECRET_KEY", "")
{%- endif %}

# Whoever knows the key, or can guess it, can sign sessions as anybody.
if len(str(SECRET_KEY)) < 16 or str(SECRET_KEY).startswith("django-insecure"):
    raise ImproperlyConfigured("SECRET_KEY is short, or the one of a desk: set the environment property {{ found.secret_name }}")

INSTALLED_APPS = [*INSTALLED_APPS, "{{ deployment_package }}"]

# First: the health check asks with the instance's address as its host, over plain HTTP.
MIDDLEWARE = ["{{ deployment_package }}.health.HealthMiddleware", *MIDDLEWARE]
# Answered before any other middleware; the load balancer and enhanced health ask here.
HEALTH_PATH = "/health/"
# Asks the database too. After a deployment, not for the load balancer.
READY_PATH = "/health/ready/"
{%- if not found.any_host %}

# The environment's own address{% if domain %}, the domain{% endif %}, and loopback for a local run of the bundle. Never "*".
ALLOWED_HOSTS = [
    *{% if found.has_hosts %}ALLOWED_HOSTS{% else %}(globals().get("ALLOWED_HOSTS") or []){% endif %},
    *[host.strip() for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host.strip()],
    ".{{ region }}.elasticbeanstalk.com",
{%- if domain %}
    "{{ domain }}",
{%- if bare_domain != domain %}
    "{{ bare_domain }}",
{%- endif %}
{%- endif %}
    "localhost",
    "127.0.0.1",
]
{%- endif %}
{%- if domain %}

# A browser's Origin names the scheme, so these do too.
CSRF_TRUSTED_ORIGINS = [
    *globals().get("CSRF_TRUSTED_ORIGINS", []),
    "{{ scheme }}://{{ domain }}",
{%- if bare_domain != domain %}
    "{{ scheme }}://{{ bare_domain }}",
{%- endif %}
]
{%- endif %}
{%- if https %}

# The balancer ends TLS and says so in this header, whatever the client sent.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The health path never gets here: its middleware answers first.
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
{%- endif %}
{%- if database == "sqlite" %}

# For learning: one instance, and the data go with it. `.ebextensions` makes the folder, so that a
# deployment does not replace the file; without it (a local run) it lies beside the code.
DATA_DIR = Path("/var/app/data")
DATABASES["default"]["NAME"] = os.environ.get("SQLITE_PATH") or (DATA_DIR if DATA_DIR.is_dir() else ROOT) / "db.sqlite3"
{%- elif found.sqlite_unless and database == "own" %}

# Where no variable names a database, it is a file: in a folder that a deployment does not replace.
DATA_DIR = Path("/var/app/data")
if DATABASES["default"]["ENGINE"].endswith("sqlite3") and DATA_DIR.is_dir():
    DATABASES["default"]["NAME"] = DATA_DIR / "db.sqlite3"
{%- elif database != "own" %}

# DATABASE_URL, or the RDS_* properties of a database that the environment knows. One instance holds
# up to {{ all_connections }} connections: the server must allow that for every instance.
DATABASES["default"] = {
    **DATABASES.get("default", {}),
    **from_environment(os.environ, "{{ database }}"),
{%- if found.keep_engine %}
    "ENGINE": DATABASES["default"]["ENGINE"],
{%- endif %}
}
{%- endif %}
{%- if found.set_static_root %}

# `collectstatic` fills it on each instance{% if static_files != "elsewhere" %}; `.ebextensions` maps `/{{ static_url }}` to it{% endif %}.
STATIC_ROOT = ROOT / "staticfiles"
{%- endif %}
