import platform

import django
from django.conf import settings
from django.shortcuts import render


def index(request):
    return render(
        request,
        "welcome/index.html",
        {
            "django": django.get_version(),
            "python": platform.python_version(),
            "debug": settings.DEBUG,
            "health_path": settings.HEALTH_PATH,
        },
    )
