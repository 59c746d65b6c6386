"""`migrate`, by one instance at a time.

`leader_only` alone does not promise that: several batches of a rolling deployment may each have a leader. The database
itself keeps the others waiting.
"""

from contextlib import contextmanager

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

# Any number will do, as long as it is always the same.
LOCK = 0x6265616E
SECONDS = 600


class Command(BaseCommand):
    help = "Run migrate and make the cache table, while holding a lock in the database"

    def handle(self, *args, **options):
        with locked():
            call_command("migrate", interactive=False, verbosity=options["verbosity"])
            call_command("createcachetable", verbosity=options["verbosity"])


@contextmanager
def locked():
    # A connection of its own: the lock belongs to it and goes with it, however this ends.
    holder = connection.copy()
    try:
        take(holder)
        yield
        # Where a pool keeps the connection, closing it is not the end of it.
        release(holder)
    finally:
        holder.close()


def take(holder):
    with holder.cursor() as cursor:
        if holder.vendor == "postgresql":
            cursor.execute(f"SET lock_timeout = '{SECONDS}s'")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        elif holder.vendor == "mysql":
            cursor.execute("SELECT GET_LOCK(%s, %s)", [f"migrate {LOCK}", SECONDS])
            if cursor.fetchone()[0] != 1:
                raise TimeoutError(f"another instance has been migrating for {SECONDS} seconds")
        # SQLite has one machine and locks its file by itself.


def release(holder):
    with holder.cursor() as cursor:
        if holder.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
            cursor.execute("RESET lock_timeout")
        elif holder.vendor == "mysql":
            cursor.execute("SELECT RELEASE_LOCK(%s)", [f"migrate {LOCK}"])
