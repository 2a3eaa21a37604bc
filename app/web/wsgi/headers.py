"""Response headers of every answer: CSP, no-store and others. A view may only allow more caching, for answers that name
nobody (`static_files`).

They are set outside of Flask, where no view and no hook can forget or remove them, and where they cost nearly nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

FOR_EVERY_ANSWER = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
"""No view sets one of these. Referrer-Policy: other sites do not see our addresses, and our own forms still say where
they come from (`origins`). With `no-referrer` a browser would send `Origin: null` with our forms."""
WITH_WECHATS_SCRIPT = frozenset({"/notify"})
"""The one page that bears a button which WeChat draws."""
NO_STORE = ("Cache-Control", "no-store")
ONLY_HTTPS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def install(app: Flask) -> None:
    settings = app.extensions["cloudfilm"].settings
    script = urlsplit(settings.wechat_script_url) if settings.wechat_appid else None
    scripts = f"{script.scheme}://{script.netloc}" if script else ""
    app.wsgi_app = Hardened(app.wsgi_app, https=settings.is_https, scripts=scripts)  # type: ignore[method-assign]


class Hardened:
    """Adds the headers to every answer of the application it wraps. `scripts`: the origin of WeChat's script."""

    def __init__(self, wrapped: WSGIApplication, *, https: bool, scripts: str = "") -> None:
        self._wrapped = wrapped
        self._always = [*FOR_EVERY_ANSWER, *([ONLY_HTTPS] if https else [])]
        policy = CONTENT_SECURITY_POLICY.replace("script-src 'self'", f"script-src 'self' {scripts}".rstrip())
        self._with_script = [("Content-Security-Policy", policy), *self._always[1:]]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            if all(name.lower() != "cache-control" for name, _ in headers):
                headers.append(NO_STORE)
            headers += self._with_script if environ.get("PATH_INFO") in WITH_WECHATS_SCRIPT else self._always
            return start_response(status, headers, *exc_info)

        return self._wrapped(environ, start)
