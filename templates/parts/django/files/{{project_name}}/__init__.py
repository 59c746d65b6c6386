{% if database == "mysql" -%}
import pymysql

# Django looks for mysqlclient, which would have to be compiled on the instance.
pymysql.install_as_MySQLdb()
{% endif -%}
{% if celery -%}
{% if database == "mysql" %}
{% endif -%}
from .celery import app as celery_app{% if database == "mysql" %}  # noqa: E402{% endif %}

__all__ = ["celery_app"]
{% endif -%}
