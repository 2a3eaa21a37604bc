"""Response headers of every answer: CSP, no-store and others. A view may only allow more caching, for answers that name
nobody (`static_files`).

They are set outside of Flask, where no view and no hook can forget or remove them, and where they cost nearly nothing.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask

from app.web import static_files

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{style}'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""`style`: of the one style sheet that stands in a page (`static_files.viewer_style`). Any other text is forbidden."""

FOR_EVERY_ANSWER = (
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
"""No view sets one of these, nor the Content-Security-Policy. Referrer-Policy: other sites do not see our addresses,
and our own forms still say where they come from (`origins`). With `no-referrer` a browser would send `Origin: null`
with our forms."""
WITH_WECHATS_SCRIPT = frozenset({"/notify"})
"""The one page that bears a button which WeChat draws."""
NO_STORE = ("Cache-Control", "no-store")
ONLY_HTTPS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


def install(app: Flask) -> None:
    settings = app.extensions["cloudfilm"].settings
    script = urlsplit(settings.wechat_script_url) if settings.wechat_appid else None
    scripts = f"{script.scheme}://{script.netloc}" if script else ""
    policy = content_security_policy(static_files.viewer_style(app))
    app.wsgi_app = Hardened(app.wsgi_app, policy, https=settings.is_https, scripts=scripts)  # type: ignore[method-assign]


def content_security_policy(style: str) -> str:
    """The policy that allows `style`, the text of a page's own style sheet, and nothing else of its kind."""
    digest = hashlib.sha256(style.encode()).digest()
    return CONTENT_SECURITY_POLICY.format(style=b64encode(digest).decode())


class Hardened:
    """Adds the headers to every answer of the application it wraps. `policy`: the Content-Security-Policy; `scripts`:
    the origin of WeChat's script."""

    def __init__(self, wrapped: WSGIApplication, policy: str, *, https: bool, scripts: str = "") -> None:
        self._wrapped = wrapped
        others = [*FOR_EVERY_ANSWER, *([ONLY_HTTPS] if https else [])]
        self._always = [("Content-Security-Policy", policy), *others]
        with_script = policy.replace("script-src 'self'", f"script-src 'self' {scripts}".rstrip())
        self._with_script = [("Content-Security-Policy", with_script), *others]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            if all(name.lower() != "cache-control" for name, _ in headers):
                headers.append(NO_STORE)
            headers += self._with_script if environ.get("PATH_INFO") in WITH_WECHATS_SCRIPT else self._always
            return start_response(status, headers, *exc_info)

        return self._wrapped(environ, start)
