#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main():
    # Production is set by the environment; on a desk it is development.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{{ project_name }}.settings.development")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
