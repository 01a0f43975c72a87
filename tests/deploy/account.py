"""An account of the emulator: clients as its root or as a role, its stacks, and a shell."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.deploy.fixtures import REGION


@dataclass(frozen=True)
class Endpoint:
    """Address of the emulator or of the mock, and the TLS certificate of the server."""

    url: str
    certificate: Path | None = None


@dataclass(frozen=True)
class Account:
    """Credentials at an endpoint, by default those of the account's root.

    The emulator accepts the account id as the access key of the root.
    """

    id: str
    endpoint: Endpoint
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def credentials(self) -> dict[str, str]:
        """Returns the credentials as environment variables."""
        return self.keys or {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": "test"}

    def client(self, service: str) -> Any:
        credentials = self.credentials()
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint.url,
            verify=str(self.endpoint.certificate) if self.endpoint.certificate else False,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            config=Config(retries={"max_attempts": 1}, read_timeout=120),
        )
        # The mock identifies accounts by this header; the emulator ignores it.
        client.meta.events.register("before-sign.*.*", self._add_account_header)
        return client

    def _add_account_header(self, request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = self.id

    def role(self, name: str, session: str = "test", **options: str) -> "Account":
        """Assumes a role of this account, or of another one if `name` is an ARN."""
        arn = name if name.startswith("arn:") else f"arn:aws:iam::{self.id}:role/{name}"
        sts = self.client("sts")
        response = sts.assume_role(RoleArn=arn, RoleSessionName=session, **options)
        keys = {
            "AWS_ACCESS_KEY_ID": response["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": response["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": response["Credentials"]["SessionToken"],
        }
        return Account(arn.split(":")[4], self.endpoint, keys)

    def outputs(self, stack: str) -> dict[str, str]:
        """Returns the outputs of a stack by key."""
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def environment(self) -> dict[str, str]:
        """Returns the environment of a child process that acts as this account."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        trust = {}
        if certificate := self.endpoint.certificate:
            trust = {"AWS_CA_BUNDLE": str(certificate), "SSL_CERT_FILE": str(certificate)}
        return {
            **kept,
            **self.credentials(),
            **trust,
            "AWS_ENDPOINT_URL": self.endpoint.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    def shell(
        self, script: str, folder: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs a Bash script as this account and captures its output."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={**self.environment(), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
