"""A database's address, from the environment."""

from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ENGINES = {
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
}
NAMES = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "pgsql": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
}


def from_environment(environ, kind, keep=60, pool=0):
    """DATABASE_URL first; else RDS_*, which Elastic Beanstalk sets for a database that it knows.

    A thread keeps its connection for `keep` seconds; or a process shares a `pool` of them among its requests.
    """
    if environ.get("DATABASE_URL"):
        parts = from_url(environ["DATABASE_URL"], kind)
    elif environ.get("RDS_HOSTNAME"):
        parts = {
            "NAME": environ.get("RDS_DB_NAME", ""),
            "USER": environ.get("RDS_USERNAME", ""),
            "PASSWORD": environ.get("RDS_PASSWORD", ""),
            "HOST": environ["RDS_HOSTNAME"],
            "PORT": environ.get("RDS_PORT", ""),
            "OPTIONS": {},
        }
    else:
        raise ImproperlyConfigured("neither DATABASE_URL nor RDS_HOSTNAME is set as a property: see README.md")
    if kind == "mysql":
        parts["OPTIONS"] = {"charset": "utf8mb4", **parts["OPTIONS"]}
    if pool:
        # Who waits longer than 10 seconds for a connection gets an error, before anybody in front gives up.
        parts["OPTIONS"] = {"pool": {"min_size": 1, "max_size": pool, "timeout": 10}, **parts["OPTIONS"]}
    return {
        "ENGINE": ENGINES[kind],
        **parts,
        # A connection is kept between requests, and looked at before it is used again.
        "CONN_MAX_AGE": 0 if pool else int(environ.get("CONN_MAX_AGE", keep)),
        "CONN_HEALTH_CHECKS": True,
    }


def from_url(url, kind):
    split = urlsplit(url)
    # The value itself holds a password: never show it.
    if NAMES.get(split.scheme) != kind:
        raise ImproperlyConfigured(f"DATABASE_URL begins with {split.scheme!r}, but this project is made for {kind}")
    try:
        port = split.port
    except ValueError:
        raise ImproperlyConfigured("DATABASE_URL has a port that is not a number") from None
    return {
        "NAME": unquote(split.path.removeprefix("/")),
        "USER": unquote(split.username or ""),
        "PASSWORD": unquote(split.password or ""),
        "HOST": unquote(split.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": dict(parse_qsl(split.query)),
    }
