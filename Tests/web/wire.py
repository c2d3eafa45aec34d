"""What the web tests speak: raw HTTP over a socket, and WebSocket frames,
so that nothing tidies up what is sent."""

import base64
import json
import os
import socket
import struct
import time


def exchange(port, data, host="127.0.0.1", timeout=5.0):
    """Sends bytes, reads until the server closes or is silent for `timeout`."""
    s = socket.create_connection((host, port), timeout=timeout)
    out = b""
    try:
        s.sendall(data)
        while True:
            part = s.recv(65536)
            if not part:
                break
            out += part
    except (socket.timeout, ConnectionResetError, BrokenPipeError):
        pass
    finally:
        s.close()
    return out


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if raw and len(lines[0].split()) > 1 else 0
        self.headers = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines[1:])}

    @property
    def json(self):
        return json.loads(self.body)


def request(port, method="GET", path="/", host=None, timeout=5.0, body=None, at="127.0.0.1", **headers):
    """One request on its own connection. Header names with _ for -; None leaves Host out."""
    lines = ["%s %s HTTP/1.1" % (method, path)]
    lines.append("Host: %s" % (host if host is not None else "127.0.0.1:%d" % port))
    lines += ["%s: %s" % (k.replace("_", "-"), v) for k, v in headers.items()]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    lines += ["Connection: close", "", ""]
    return Answer(exchange(port, "\r\n".join(lines).encode("latin-1") + (body or b""), at, timeout))


class Socket:
    """A WebSocket client of few words."""

    def __init__(self, port, path="/ws", host=None, origin=None, at="127.0.0.1", timeout=5.0, extra=()):
        self.s = socket.create_connection((at, port), timeout=timeout)
        lines = [
            "GET %s HTTP/1.1" % path,
            "Host: %s" % (host or "127.0.0.1:%d" % port),
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: %s" % base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version: 13",
        ]
        if origin is not None:
            lines.append("Origin: %s" % origin)
        self.s.sendall(("\r\n".join(lines + list(extra)) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            part = self.s.recv(4096)
            if not part:
                break
            self.buffer += part
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        words = head.split(b" ")
        self.status = int(words[1]) if len(words) > 1 else 0

    def send(self, text, opcode=1, final=True):
        data, mask = text.encode() if isinstance(text, str) else text, os.urandom(4)
        head = bytes([(0x80 if final else 0) | opcode])
        n = len(data)
        head += (
            bytes([0x80 | n])
            if n < 126
            else bytes([0x80 | 126]) + struct.pack(">H", n)
            if n < 65536
            else bytes([0x80 | 127]) + struct.pack(">Q", n)
        )
        self.s.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def _need(self, n):
        while len(self.buffer) < n:
            part = self.s.recv(65536)
            if not part:
                raise ConnectionError("closed")
            self.buffer += part
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def message(self, timeout=5.0):
        """The next text message; ConnectionError when the server closed, socket.timeout when nothing came."""
        end = time.monotonic() + timeout
        whole = b""
        while True:
            self.s.settimeout(max(0.01, end - time.monotonic()))
            a, b = self._need(2)
            n = b & 127
            if n == 126:
                n = struct.unpack(">H", self._need(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", self._need(8))[0]
            data = self._need(n)
            if a & 15 == 8:
                raise ConnectionError("closed")
            if a & 15 == 9:
                self.send(data, 10)
                continue
            whole += data
            if a & 0x80:
                return whole.decode()

    def json(self, kind=None, timeout=5.0):
        end = time.monotonic() + timeout
        while True:
            m = json.loads(self.message(max(0.01, end - time.monotonic())))
            if kind is None or m["type"] == kind:
                return m["data"] if kind else m

    def close(self):
        self.s.close()
