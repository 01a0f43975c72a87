"""RAM invitations of account B: the producer's, and an unrelated account's.

No emulator has RAM's invitations, so the server here implements the operations that
`deploy/accept-share` calls, in the format that the AWS CLI expects.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.report import Check
from tests.servers import ROOT

PENDING, ACCEPTED, REJECTED = "PENDING", "ACCEPTED", "REJECTED"
ANSWERS = {
    "/acceptresourceshareinvitation": ACCEPTED,
    "/rejectresourceshareinvitation": REJECTED,
}


class Invitations(ThreadingHTTPServer):
    """The invitations of one account, by ARN."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.invitations = {
            self.arn(sender): {
                "resourceShareInvitationArn": self.arn(sender),
                "resourceShareName": "LakeFormation-V3-EXAMPLE",
                "senderAccountId": sender,
                "status": PENDING,
            }
            for sender in (fixtures.A, fixtures.UNRELATED)
        }

    @staticmethod
    def arn(sender: str) -> str:
        return f"arn:aws:ram:{fixtures.REGION}:{sender}:resource-share-invitation/{sender}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def status_of(self, sender: str) -> str:
        return self.invitations[self.arn(sender)]["status"]


class _Handler(BaseHTTPRequestHandler):
    server: Invitations

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        if self.path == "/getresourceshareinvitations":
            response: dict = {"resourceShareInvitations": list(self.server.invitations.values())}
        elif answer := ANSWERS.get(self.path):
            invitation = self.server.invitations[request["resourceShareInvitationArn"]]
            if invitation["status"] != PENDING:
                self.send_error(400, f"the invitation is {invitation['status']}")
                return
            invitation["status"] = answer
            response = {"resourceShareInvitation": invitation}
        else:
            self.send_error(404)
            return
        body = json.dumps(response).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running() -> Iterator[Invitations]:
    """Yields the server of the invitations."""
    server = Invitations()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def acceptance_checks(server: Invitations, b: Account) -> list[Check]:
    """Checks that only the producer's invitation is accepted, and that the script is idempotent.

    The guide has accepted it.
    """
    producer, unrelated = map(server.status_of, (fixtures.A, fixtures.UNRELATED))
    second = b.shell(f"deploy/accept-share {fixtures.A}", ROOT)
    invalid = b.shell("deploy/accept-share 12345", ROOT)
    rejected = b.shell(f"deploy/accept-share --reject {fixtures.UNRELATED}", ROOT)
    after = server.status_of(fixtures.UNRELATED)
    return [
        Check("the producer's share is accepted", producer == ACCEPTED, producer),
        Check("an unrelated account's share is not", unrelated == PENDING, unrelated),
        Check("accept-share is idempotent", "no pending" in second.stdout, str(second)),
        Check("an account id of 5 digits is rejected", invalid.returncode == 2, invalid.stderr),
        Check("accept-share --reject rejects a share", after == REJECTED, str(rejected)),
    ]
