"""`deploy/accept-share` with two pending invitations: the producer's, and an unrelated account's.

No emulator has RAM's invitations, so the server here implements the two operations that the script
calls, in the format that the AWS CLI expects.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.code_blocks import PageRunner
from tests.deploy.guides import LAKE_FORMATION
from tests.deploy.report import Check
from tests.servers import ROOT

PENDING, ACCEPTED = "PENDING", "ACCEPTED"


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

    def status_of(self, sender: str) -> str:
        return self.invitations[self.arn(sender)]["status"]


class _Handler(BaseHTTPRequestHandler):
    server: Invitations

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        if self.path == "/getresourceshareinvitations":
            response: dict = {"resourceShareInvitations": list(self.server.invitations.values())}
        elif self.path == "/acceptresourceshareinvitation":
            invitation = self.server.invitations[request["resourceShareInvitationArn"]]
            invitation["status"] = ACCEPTED
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


def acceptance_checks(b: Account) -> list[Check]:
    """Checks that only the producer's invitation is accepted, and that the script is idempotent."""
    server = Invitations()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        endpoint = {"AWS_ENDPOINT_URL_RAM": f"http://127.0.0.1:{server.server_port}"}
        label = "B with invitations"
        runner = PageRunner(ROOT / LAKE_FORMATION, ROOT, {label: b}, endpoint)
        first, second = (runner.run(label)[0] for _ in range(2))
        invalid = b.shell("deploy/accept-share 12345", ROOT, **endpoint)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    producer, unrelated = map(server.status_of, (fixtures.A, fixtures.UNRELATED))
    return [
        Check("the producer's share is accepted", producer == ACCEPTED, first),
        Check("an unrelated account's share is not", unrelated == PENDING, first),
        Check("accept-share is idempotent", "no pending" in second, second),
        Check("an account id of 5 digits is rejected", invalid.returncode == 2, invalid.stderr),
    ]
