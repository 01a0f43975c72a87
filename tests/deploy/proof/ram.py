"""`deploy/accept-share` against an account with two invitations: one of the producer, one of a stranger.

No stand-in has RAM's invitations, so this one answers the two calls that the script makes, in the shape that the AWS command line
reads, and remembers what was accepted.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from proof import cast
from proof.account import Account
from proof.guide import Reader
from proof.live import Check

PENDING, ACCEPTED = "PENDING", "ACCEPTED"


class Invitations(ThreadingHTTPServer):
    """The invitations of one account, by ARN, and how each of them stands."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.invitations = {
            self.arn(sender): {
                "resourceShareInvitationArn": self.arn(sender),
                "resourceShareName": "LakeFormation-V3-EXAMPLE",
                "senderAccountId": sender,
                "status": PENDING,
            }
            for sender in (cast.A, cast.STRANGER)
        }

    @staticmethod
    def arn(sender: str) -> str:
        return f"arn:aws:ram:{cast.REGION}:{sender}:resource-share-invitation/{sender}"

    def status_of(self, sender: str) -> str:
        return self.invitations[self.arn(sender)]["status"]


class _Handler(BaseHTTPRequestHandler):
    server: Invitations

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        if self.path == "/getresourceshareinvitations":
            answer: dict = {"resourceShareInvitations": list(self.server.invitations.values())}
        elif self.path == "/acceptresourceshareinvitation":
            invitation = self.server.invitations[request["resourceShareInvitationArn"]]
            invitation["status"] = ACCEPTED
            answer = {"resourceShareInvitation": invitation}
        else:
            self.send_error(404)
            return
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def acceptance(b: Account, root: Path) -> list[Check]:
    """The producer's invitation is accepted, the stranger's is not, and a second run changes nothing."""
    server = Invitations()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        endpoint = {"AWS_ENDPOINT_URL_RAM": f"http://127.0.0.1:{server.server_port}"}
        reader = Reader(root / "docs/deploy/lake-formation.md", root, {"B with invitations": b}, endpoint)
        first, second = (reader.each("B with invitations")[0] for _ in range(2))
        wrong = b.shell("deploy/accept-share 12345", root, **endpoint)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return [
        Check("the producer's share is accepted", server.status_of(cast.A) == ACCEPTED, first),
        Check("a stranger's is not", server.status_of(cast.STRANGER) == PENDING, first),
        Check("twice is as once", "nothing" in second, second),
        Check("five digits are no account", wrong.returncode == 2, wrong.stderr),
    ]
