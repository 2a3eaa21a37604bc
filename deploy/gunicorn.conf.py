"""gunicorn in production: `gunicorn -c deploy/gunicorn.conf.py wsgi:application`. Processes and threads are settings.

It binds to the loopback: only the proxy in front (deploy/nginx.conf) may reach it, or anybody could write
X-Forwarded-For. Another address: `-b`, closed to all but the proxy, which CLOUDFILM_PROXY_ADDRESSES names. Never a unix
socket: a connection over it comes from no address, so nobody's word on who asks would count.
"""

import gc
import subprocess
import sys
from pathlib import Path

from gunicorn.glogging import Logger

from app.config import Settings
from app.errors import SettingsError
from app.logs import take_over
from app.web.wsgi.turns import take_short_turns

try:
    settings = Settings.from_env()
except SettingsError as error:
    raise SystemExit(str(error)) from None

bind = "127.0.0.1:8000"
proc_name = "cloudfilm"
worker_class = "gthread"
workers = settings.web_processes
threads = settings.web_threads
umask = 0o077

# Each request touches a file that shows the process is alive: in memory, because on a disk that costs more than the
# application's own log.
IN_MEMORY = "/dev/shm"  # noqa: S108 - gunicorn makes a file there that has no name
if Path(IN_MEMORY).is_dir():
    worker_tmp_dir = IN_MEMORY
timeout = 60  # of a process that shows no sign of life, not of a request: uploads may take longer
graceful_timeout = 30
keepalive = 65  # longer than the proxy keeps a connection, so that the proxy closes first
control_socket_disable = True  # nobody steers a running server through a file; older versions have no such thing

# Proxies are the application's business (CLOUDFILM_TRUSTED_PROXIES): nothing here may believe a header.
secure_scheme_headers = {}
forwarder_headers = ""

# Each request is a line of the application's log. Who turns on this one too (--access-logfile) gets the route, never
# the path: paths hold codes.
accesslog = None
access_log_format = '{"route": "%({cloudfilm.route}e)s", "status": "%(s)s", "ms": %(M)s, "bytes": "%(B)s"}'
errorlog = "-"
loglevel = "info" if settings.log_level == "debug" else settings.log_level  # its debug lines are paths, withheld


class logger_class(Logger):  # noqa: N801 - the setting's name
    """gunicorn's own messages quote request lines: they are written as the application's log writes other libraries."""

    def setup(self, cfg):
        super().setup(cfg)
        take_over(self.error_log)
        for level in ("debug", "info", "warning", "error", "critical", "exception"):
            setattr(self, level, getattr(self.error_log, level))  # so that a line names who spoke, not the wrapper


def on_starting(server):
    """Once, before any process is forked: else each would find the same fault, one after another.

    The front door is not asked: it is closed until we run, or leads to another node whose faults are not ours.
    """
    check = subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", "check-config", "--no-front-door"])
    if check.returncode:
        raise SystemExit(check.returncode)


def post_worker_init(worker):
    """What the application is made of stays: looking through it for garbage stops every thread for a tenth of a second,
    once in seven hundred received instances."""
    gc.collect()
    gc.freeze()
    take_short_turns()
