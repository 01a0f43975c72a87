"""HTTP servers on 127.0.0.1 that end with the run and report no broken connection."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LoopbackServer(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 as soon as it is created."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, *_: Any) -> None:
        """Ignores connections that the function or the storm has broken."""

    def stop(self) -> None:
        """Stops listening; connections in progress go on."""
        self.shutdown()
        self.server_close()
