"""A server between the agent and a chain that answers honestly until it is told how to misbehave,
method by method.

A misbehaviour is a function of a Turn. It returns the bytes of a JSON body,
or None when it has spoken on the socket itself."""

import http.client
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Turn:
    """One request: what was asked, what the chain truly answers, and the socket."""

    def __init__(self, handler, request, liar):
        self.handler, self.request, self.liar = handler, request, liar
        self._truth = None

    @property
    def truth(self):
        """The chain's answer as bytes, asked once."""
        if self._truth is None:
            c = http.client.HTTPConnection("127.0.0.1", self.liar.port_behind, timeout=20)
            c.request("POST", "/", json.dumps(self.request), {"content-type": "application/json"})
            self._truth = c.getresponse().read()
            c.close()
        return self._truth

    def altered(self, change):
        """The true answer with `change` applied to the decoded object."""
        answer = json.loads(self.truth)
        change(answer)
        return json.dumps(answer).encode()

    def raw(self, data):
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def close(self):
        self.handler.close_connection = True
        try:
            self.handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer(self, body, status=200, headers=(), length=None):
        head = "HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % (
            status,
            len(body) if length is None else length,
        )
        self.raw(head.encode() + b"".join(b"%s: %s\r\n" % h for h in headers) + b"\r\n" + body)


class Liar:
    def __init__(self, chain):
        self.port_behind = chain.port
        self.rules = {}  # method or "*" -> [function, times left or None]
        self.counts = {}
        self.lock = threading.Lock()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                try:
                    liar.serve(Turn(self, request, liar))
                except OSError:
                    self.close_connection = True

            def do_GET(self):
                with liar.lock:
                    liar.counts["GET"] = liar.counts.get("GET", 0) + 1
                self.close_connection = True

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = "http://127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, turn):
        method = turn.request.get("method")
        with self.lock:
            self.counts[method] = self.counts.get(method, 0) + 1
            rule = self.rules.get(method) or self.rules.get("*")
            if rule and rule[1] is not None:
                rule = rule if rule[1] > 0 else None
                if rule:
                    rule[1] -= 1
        body = rule[0](turn) if rule else turn.truth
        if body is not None:
            turn.answer(body)

    def tell(self, method, function, times=None):
        with self.lock:
            self.rules[method] = [function, times]

    def honest(self):
        with self.lock:
            self.rules.clear()

    def count(self, method):
        with self.lock:
            return self.counts.get(method, 0)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
