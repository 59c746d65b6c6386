from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from .models import User

# A field of your own is shown when it is in `fieldsets`, too.
admin.site.register(User, UserAdmin)
