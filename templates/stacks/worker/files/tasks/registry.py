"""The tasks there are: a name, and a function that takes the message."""

from django.core.management import call_command

TASKS = {}


def task(name):
    """Make a function the task `name`. It may be called twice for one message: write it so that this does no harm."""

    def register(function):
        TASKS[name] = function
        return function

    return register


@task("clear-sessions")
def clear_sessions(message):
    call_command("clearsessions")
