"""What development and production share."""

from pathlib import Path
{%- if csp %}

from django.utils.csp import CSP
{%- endif %}

BASE_DIR = Path(__file__).resolve().parent.parent.parent

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "deployment",
{%- if user_model %}
    "accounts",
{%- endif %}
{%- for app in extend.apps %}
    "{{ app }}",
{%- endfor %}
    "welcome",
]

MIDDLEWARE = [
    # First: the health check asks with the instance's address as its host, over plain HTTP.
    "deployment.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
{%- if static_files == "whitenoise" %}
    # Right after security, before anything that costs time.
    "whitenoise.middleware.WhiteNoiseMiddleware",
{%- endif %}
{%- if csp %}
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
{%- endif %}
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
{%- for middleware in extend.middleware %}
    "{{ middleware }}",
{%- endfor %}
]

# Answered before any other middleware; the load balancer and enhanced health ask here.
HEALTH_PATH = "/health/"
# Asks the database too. After a deployment, not for the load balancer: a database that is
# down must not make it replace every instance.
READY_PATH = "/health/ready/"

ROOT_URLCONF = "{{ project_name }}.urls"
WSGI_APPLICATION = "{{ project_name }}.wsgi.application"
ASGI_APPLICATION = "{{ project_name }}.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own folders: a template here replaces one of theirs.
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

{% if user_model -%}
# From the first migration on: Django cannot change it later.
AUTH_USER_MODEL = "accounts.User"

{% endif -%}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "en-us"
# Instances run in UTC; this is what people see.
TIME_ZONE = "{{ time_zone }}"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
# What belongs to no app.
STATICFILES_DIRS = [BASE_DIR / "static"]
# `collectstatic` fills it on each instance{% if runtime == "python" and static_files != "s3" %}; `.ebextensions` maps `/static` to it{% endif %}.
STATIC_ROOT = BASE_DIR / "staticfiles"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
{%- if csp %}

# Browsers load only what comes from here: markup that somebody smuggles in runs nothing. Other origins are named here.
SECURE_CSP = {
    "default-src": [CSP.SELF{% if static_files == "s3" %}, "https://{{ static_domain }}"{% endif %}],
    "img-src": [CSP.SELF{% if static_files == "s3" %}, "https://{{ static_domain }}"{% endif %}, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
{%- endif %}

# To stdout: Elastic Beanstalk keeps and rotates it, and no file belongs to the wrong user.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname} {name} {message}", "style": "{"}},
    "filters": {"production": {"()": "django.utils.log.RequireDebugFalse"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line"},
        # To ADMINS, if there are any.
        "mail": {"class": "django.utils.log.AdminEmailHandler", "level": "ERROR", "filters": ["production"]},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # In place of Django's own console, which would say everything a second time.
    "loggers": {"django": {"handlers": ["mail"], "level": "INFO"}},
}
{%- if extend.settings %}
{% for line in extend.settings %}
{{ line }}
{%- endfor %}
{%- endif %}
