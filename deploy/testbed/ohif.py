"""OHIF as it is published, on an origin of its own, in front of a DICOMweb server. What is right is in the tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from deploy.testbed.processes import ROOT

DIST = ROOT / "var" / "test-tools" / "ohif" / "dist"  # by deploy/test-tools.sh
_SOURCE = "@ohif/extension-default.dataSourcesModule.dicomweb"


class ViewerOrigin:
    """`address`: of the viewer. Its pages ask the server that `in_front_of` names."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.config = b""

    def in_front_of(self, root: str, authorization: str) -> None:
        """`authorization`: what a page sends with each request, as it does after its users' login."""
        self.config = _config(root, authorization).encode()


@contextmanager
def viewer_origin() -> Iterator[ViewerOrigin]:
    """The viewer, served until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    served = ViewerOrigin(server.server_port)
    server.viewer = served  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Files(SimpleHTTPRequestHandler):
    """The published files; the configuration is ours, and every address of the viewer is its one page."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(DIST))

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/app-config.js":
            config = self.server.viewer.config  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript")
            self.send_header("Content-Length", str(len(config)))
            self.end_headers()
            self.wfile.write(config)
            return
        if not Path(self.translate_path(path)).is_file():
            self.path = "/index.html"
        super().do_GET()

    def log_message(self, *args: Any) -> None:
        pass


def _config(root: str, authorization: str) -> str:
    source = {
        "friendlyName": "CloudFilm",
        "name": "cloudfilm",
        "qidoRoot": root,
        "wadoRoot": root,
        "wadoUriRoot": root,
        "qidoSupportsIncludeField": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "singlepart": "bulkdata,video",
        "bulkDataURI": {"enabled": True},
    }
    config: dict[str, Any] = {
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": True,
        "useCPURendering": True,
        "showCPUFallbackMessage": False,
        "maxNumberOfWebWorkers": 1,
        "defaultDataSourceName": "cloudfilm",
        "dataSources": [{"namespace": _SOURCE, "sourceName": "cloudfilm", "configuration": source}],
    }
    return f"window.config = {json.dumps(config)};\n{_LOGGED_IN % (json.dumps(root), json.dumps(authorization))}"


_LOGGED_IN = """
(() => {
  const root = %s, authorization = %s;
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    open.call(this, method, url, ...rest);
    if (String(url).startsWith(root)) this.setRequestHeader('Authorization', authorization);
  };
  const { fetch } = window;
  window.fetch = (asked, options = {}) => {
    if (!String(asked.url ?? asked).startsWith(root)) return fetch(asked, options);
    const headers = new Headers(options.headers ?? asked.headers ?? {});
    headers.set('Authorization', authorization);
    return fetch(asked, { ...options, headers });
  };
})();
"""
"""The viewer itself asks a login service for the header. A page's own script does the same here."""
