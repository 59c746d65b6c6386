from django.contrib import admin
from django.urls import include, path
{%- for line in extend.imports %}
{{ line }}
{%- endfor %}

urlpatterns = [
    path("admin/", admin.site.urls),
{%- for url in extend.urls %}
    {{ url }},
{%- endfor %}
    path("", include("welcome.urls")),
]
