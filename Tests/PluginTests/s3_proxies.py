"""What stands between the s3 plugin and its server on bad days: proxies that break, a server that answers as told."""

import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MIB = 1 << 20


class Proxy:
    """Passes bytes on to a server of this machine. Subclasses say when a connection breaks, `count` times at most."""

    def __init__(self, port, count=0):
        self.target, self.left, self.broken, self.lock = port, count, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            passed = {"up": 0, "down": 0}
            down = threading.Thread(target=self.pump, args=("down", server, client, passed), daemon=True)
            down.start()
            self.pump("up", client, server, passed)
            down.join()

    def pump(self, direction, origin, destination, passed):
        try:
            while data := origin.recv(65536):
                passed[direction] += len(data)
                if self.breaks(direction, data, passed) and self.may_break():
                    break
                destination.sendall(data)
        except OSError:
            pass
        for end in (origin, destination):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def may_break(self):
        with self.lock:
            if self.left <= 0:
                return False
            self.left, self.broken = self.left - 1, self.broken + 1
            return True

    def close(self):
        self.listener.close()


class BreakingProxy(Proxy):
    """Breaks the first `count` connections on which one direction passes `after` bytes."""

    def __init__(self, port, direction, after, count):
        self.direction, self.after = direction, after
        super().__init__(port, count)

    def breaks(self, direction, data, passed):
        return direction == self.direction and passed[direction] > self.after


class CompletionProxy(Proxy):
    """Swallows the answer to the first CompleteMultipartUpload."""

    def __init__(self, port):
        super().__init__(port, count=1)

    def breaks(self, direction, data, passed):
        if re.match(rb"POST [^ ]*\?uploadId=", data):
            passed["completing"] = True
        return direction == "down" and "completing" in passed


class SlowProxy(Proxy):
    """Lets the beginning of a large transfer pass, and holds the connections that have it while it is `stuck`."""

    def __init__(self, port):
        self.passed, self.stuck = 0, True
        super().__init__(port)

    def breaks(self, direction, data, passed):
        self.passed += len(data)
        while self.stuck and self.passed > 10 * MIB and max(passed.values()) > MIB:
            time.sleep(0.02)
        return False


class Answering:
    """A server that gives the answers of a function: (status, code or body, headers) for each request."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body, headers = answer(self)
                if isinstance(body, str):
                    body = f"<Error><Code>{body}</Code><Message>as told</Message></Error>".encode() if body else b""
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = reply

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a plugin that goes away before it has read everything
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
