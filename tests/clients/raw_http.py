"""HTTP as bytes on a socket: what no well-behaved client would send."""

import json
import socket


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def error(self):
        """The text of the error body, which is one JSON object with just that."""
        document = self.json()
        if set(document) != {"error"} or not isinstance(document["error"], str) or not document["error"]:
            raise AssertionError(f"no error body: {self.body[:300]!r}")
        return document["error"]

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class Closed(Exception):
    """The server closed the connection before a whole response."""


class Connection:
    def __init__(self, server, timeout=30):
        self.socket = socket.create_connection((server.host, server.http_port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_what_is_taken(self, data):
        """Sends as much as the server takes: it may answer and close before the end."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(self.buffer)
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def take(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _chunks(self):
        data = b""
        while True:
            size = int(self.line().split(";")[0], 16)
            if size == 0:
                while self.line():
                    pass
                return data
            data += self.take(size)
            if self.take(2) != b"\r\n":
                raise AssertionError("a chunk does not end with a line break")

    def response(self, has_body=True):
        """The next final or interim response. `has_body` is false for one to HEAD."""
        version, status, *_ = self.line().split(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise AssertionError(f"no HTTP response: {version} {status}")
        headers = {}
        while line := self.line():
            name, value = line.split(":", 1)
            if name.lower() in headers:
                raise AssertionError(f"header {name} twice")
            headers[name.lower()] = value.strip()
        status = int(status)
        if status < 200 or not has_body:
            return Response(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Response(status, headers, self._chunks())
        if "content-length" not in headers:
            raise AssertionError(f"response {status} has no Content-Length: {headers}")
        return Response(status, headers, self.take(int(headers["content-length"])))

    def is_closed(self):
        """Waits for the end of the connection; anything before it is an error."""
        try:
            self._more()
        except Closed:
            return not self.buffer
        except TimeoutError:
            return False
        return False

    def request(self, method, path, body=None, headers=()):
        self.send(request(method, path, body, headers))
        return self.response(has_body=method != "HEAD")


def request(method, path, body=None, headers=()):
    """The bytes of a request. Content-Length is added where there is a body and no framing among the headers."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    headers = dict(headers)
    names = {name.lower() for name in headers}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        headers["Content-Length"] = len(body)
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


def ask(server, method, path, body=None, headers=()):
    """One request on a connection of its own. Objects are sent as JSON."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    with Connection(server) as connection:
        return connection.request(method, path, body, headers)


def chunked(data, size):
    """`data` in chunks of `size`, with the last one."""
    parts = [data[begin : begin + size] for begin in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def floats(name, shape, data, **more):
    return {"name": name, "shape": shape, "datatype": "FP32", "data": data, **more}
