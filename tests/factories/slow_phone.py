"""A patient's phone on a slow line, as sockets: real browsers read as fast as they can."""

from __future__ import annotations

import http.client
import socket

from tests.factories.access import Issued


class SlowPhone:
    """Opens its exam, and takes what it asks for as slowly as it likes."""

    def __init__(self, port: int, exam: Issued) -> None:
        self.port = port
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", f"/q/{exam.qr}", f"factor={exam.factor}", form)
        assert answer.status == 303
        cookies = "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))
        self.cookies = {"Cookie": cookies}
        self.exam_id = exam.exam_id
        self.address = f"/exams/{exam.exam_id}/dicom.zip"

    def asked(self, path: str) -> str:
        """The body of a page or file; one byte is one character."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=self.cookies)
        answer = connection.getresponse()
        assert answer.status == 200
        text = answer.read().decode("latin-1")
        connection.close()
        return text

    def ask(
        self, method: str, path: str, data: str = "", headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def takes_slowly(self, source: str = "127.0.0.1") -> tuple[int, socket.socket]:
        """Begins the download and takes no more than its start; the status and the connection."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", self.port))
        head = f"GET {self.address} HTTP/1.1\r\nHost: x\r\nCookie: {self.cookies['Cookie']}\r\n\r\n"
        connection.sendall(head.encode())
        return int(connection.recv(64).split(b" ")[1]), connection
