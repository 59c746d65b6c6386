from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Who can log in. Django cannot take another model later, but fields can be added to this one at any time."""
