"""A file server on this machine that does, request by request, what a test tells it to."""

import contextlib
import http.server
import re
import threading
import time
from collections.abc import Callable

PAGE = b"<!DOCTYPE html>\n<html><title>Log in</title></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    """One request; `server.script` says what to do, and its last entry is repeated."""

    server: "MisbehavingServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.headers["Range"])
        script = self.server.script
        behave = script.pop(0) if len(script) > 1 else script[0]
        # A client that has seen enough closes the connection.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            behave(self)
        self.close_connection = True

    def log_message(self, *_):
        pass

    @property
    def start(self) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")
        return int(asked[1])

    def head(self, code: int, **fields: object) -> None:
        self.send_response(code)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content: bytes, **fields: object) -> None:
        """The content from the byte that was asked for, with headers that `fields` overrule."""
        size, start = len(content), self.start
        fields = {"Content_Length": size - start, "Content_Type": "application/gzip", **fields}
        if self.headers["Range"] is None:
            self.head(200, **fields)
        elif start >= size:
            self.head(416, Content_Length=0)
            return
        else:
            self.head(206, **{"Content_Range": f"bytes {start}-{size - 1}/{size}", **fields})
        self.wfile.write(content[start:])


class MisbehavingServer(http.server.ThreadingHTTPServer):
    """Serves at `address` in a thread; `asked` holds the Range of each request so far."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Behaviour] = []
        self.asked: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/CUB_200_2011.tgz"

    def __enter__(self) -> "MisbehavingServer":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


Behaviour = Callable[[Handler], None]


def serves(content: bytes) -> Behaviour:
    return lambda handler: handler.body(content)


def breaks_off(content: bytes, after: int) -> Behaviour:
    """Promises the rest and sends `after` bytes of it."""

    def behave(handler: Handler) -> None:
        start, size = handler.start, len(content)
        if start:
            said = f"bytes {start}-{size - 1}/{size}"
            handler.head(206, Content_Length=size - start, Content_Range=said)
        else:
            handler.head(200, Content_Length=size)
        handler.wfile.write(content[start : start + after])

    return behave


def lies_about_length(content: bytes, by: int) -> Behaviour:
    return lambda handler: handler.body(content, Content_Length=len(content) - handler.start + by)


def ignores_range(content: bytes) -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.head(200, Content_Length=len(content))
        handler.wfile.write(content)

    return behave


def sends_range(content: bytes, said: str) -> Behaviour:
    """Answers 206 with a Content-Range of its own."""

    def behave(handler: Handler) -> None:
        handler.head(206, Content_Length=len(content), Content_Range=said)
        handler.wfile.write(content)

    return behave


def answers(code: int) -> Behaviour:
    return lambda handler: handler.head(code, Content_Length=0)


def shows_page(kind: str = "text/html; charset=utf-8") -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.head(200, Content_Length=len(PAGE), Content_Type=kind)
        handler.wfile.write(PAGE)

    return behave


def redirects(place: str) -> Behaviour:
    return lambda handler: handler.head(302, Location=place, Content_Length=0)


def falls_silent(content: bytes, after: int, seconds: float) -> Behaviour:
    """Sends `after` bytes and then nothing, for longer than a client should wait."""

    def behave(handler: Handler) -> None:
        handler.head(200, Content_Length=len(content))
        handler.wfile.write(content[:after])
        handler.wfile.flush()
        time.sleep(seconds)

    return behave


def is_slow(content: bytes, pieces: int, pause: float) -> Behaviour:
    def behave(handler: Handler) -> None:
        handler.head(200, Content_Length=len(content))
        step = -(-len(content) // pieces)
        for start in range(0, len(content), step):
            handler.wfile.write(content[start : start + step])
            handler.wfile.flush()
            time.sleep(pause)

    return behave
