from django.contrib import admin
from django.urls import include, path

from tasks.views import receive

urlpatterns = [
    path("admin/", admin.site.urls),
    path("tasks/", receive),
    path("", include("welcome.urls")),
]
