"""An account of the stand-in: clients as its root or as a role of it, its stacks, and a shell that acts as it."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from proof.cast import REGION


@dataclass(frozen=True)
class Endpoint:
    """Where the stand-in or the recorder listens, and the certificate that it shows."""

    url: str
    certificate: Path | None = None


@dataclass(frozen=True)
class Account:
    """Credentials at an endpoint. Those of an account's root by default: the stand-in takes its id as access key."""

    id: str
    endpoint: Endpoint
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        keys = self.keys or {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": "test"}
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint.url,
            verify=str(self.endpoint.certificate) if self.endpoint.certificate else False,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            config=Config(retries={"max_attempts": 1}, read_timeout=120),
        )
        # The recorder knows accounts by this header; the stand-in does not look at it.
        client.meta.events.register("before-sign.*.*", self._name_account)
        return client

    def _name_account(self, request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = self.id

    def role(self, name: str, session: str = "test", **more: str) -> "Account":
        """A session of one of this account's roles, or of another's if `name` is an ARN."""
        arn = name if name.startswith("arn:") else f"arn:aws:iam::{self.id}:role/{name}"
        made = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=session, **more)["Credentials"]
        keys = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }
        return Account(arn.split(":")[4], self.endpoint, keys)

    def outputs(self, stack: str) -> dict[str, str]:
        """Outputs of a stack by key."""
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def environment(self) -> dict[str, str]:
        """Variables that make the AWS clients of a child process act as this account."""
        keys = self.keys or {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": "test"}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        trust = {"AWS_CA_BUNDLE": str(self.endpoint.certificate), "SSL_CERT_FILE": str(self.endpoint.certificate)}
        return {
            **kept,
            **keys,
            **(trust if self.endpoint.certificate else {}),
            "AWS_ENDPOINT_URL": self.endpoint.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    def shell(self, script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a script as a person of this account would; its output is kept for the message if it fails."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={**self.environment(), **variables},
            capture_output=True,
            text=True,
            check=False,
        )
