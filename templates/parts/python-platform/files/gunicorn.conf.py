"""gunicorn on a {{ instance_type }}: {{ instances[instance_type].vcpu }} vCPUs, {{ instances[instance_type].memory_mib }} MiB."""

import os

# nginx on the same instance asks here, and nobody else can.
bind = "127.0.0.1:" + os.environ.get("PORT", "8000")

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

{% if queue -%}
# A little longer than the daemon waits for a task: it gives up first.
timeout = {{ timeout }}
{%- else -%}
# Shorter than the 60 seconds after which nginx and the load balancer give up: our error, not theirs.
timeout = {{ timeout }}
{%- endif %}
# Requests that were accepted are finished before a deployment stops the process.
graceful_timeout = 30
# nginx keeps its connections to us; end them later than it does, never earlier.
keepalive = 75

# A slow leak ends before it matters, and not in all workers at once.
max_requests = 2000
max_requests_jitter = 200

# In memory: a heartbeat that waits for a busy disk would look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# nginx is the only one whose X-Forwarded-* headers count.
forwarded_allow_ips = "127.0.0.1"
# The user `webapp` has no home to put a control socket in, and nobody asks it anything.
control_socket_disable = True

# Errors to stdout's neighbour, which Elastic Beanstalk keeps; requests are in nginx's log already.
errorlog = "-"
accesslog = None
