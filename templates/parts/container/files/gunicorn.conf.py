"""gunicorn in a container, on a {{ instance_type }}: {{ instances[instance_type].vcpu }} vCPUs, {{ instances[instance_type].memory_mib }} MiB."""

import os

# The container's own address; what may reach it is decided outside.
bind = "0.0.0.0:" + os.environ.get("PORT", "8000")

# Two for each vCPU and one more, or fewer if memory is short{% if server == "wsgi" %}; {{ workers }} x {{ threads }} = {{ connections }} requests (and database connections) at once{% endif %}.
workers = int(os.environ.get("WEB_CONCURRENCY", "{{ workers }}"))
{%- if server == "asgi" %}
# Each worker runs one event loop, which also holds WebSockets.
worker_class = "uvicorn_worker.UvicornWorker"
{%- else %}
# Threads wait for the database and for slow readers while others work.
threads = int(os.environ.get("WEB_THREADS", "{{ threads }}"))
worker_class = "gthread"
{%- endif %}

# Shorter than the 60 seconds after which the load balancer gives up: our error, not its own.
timeout = 50
# Requests that were accepted are finished before a deployment stops the container.
graceful_timeout = 30
# Longer than the balancer keeps its connections: it must be the one to end them.
keepalive = 75

# A slow leak ends before it matters, and not in all workers at once.
max_requests = 2000
max_requests_jitter = 200

# In memory: a heartbeat that waits for a busy disk would look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Nobody asks it anything.
control_socket_disable = True

# To the container's log.
errorlog = "-"
accesslog = None
