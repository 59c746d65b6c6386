from celery import shared_task


@shared_task
def add(x, y):
    """A first task: `add.delay(2, 3)`."""
    return x + y
