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
    """Address of the emulator, the TLS certificate of the server, and other servers by service."""

    url: str
    certificate: Path
    services: dict[str, str] = field(default_factory=dict)


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
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint.services.get(service, self.endpoint.url),
            verify=str(self.endpoint.certificate),
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            config=Config(
                retries={"max_attempts": 1}, read_timeout=120, user_agent_appid=self._application
            ),
        )

    @property
    def _application(self) -> str:
        """Returns the id by which the mock identifies the account, in the user agent."""
        return f"account-{self.id}"

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

    def delete_stack(self, stack: str) -> None:
        """Deletes a stack, and waits until it is gone."""
        formation = self.client("cloudformation")
        formation.delete_stack(StackName=stack)
        waiter = formation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 1})

    def environment(self) -> dict[str, str]:
        """Returns the environment of a child process that acts as this account."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        certificate = str(self.endpoint.certificate)
        endpoints = {
            f"AWS_ENDPOINT_URL_{service.upper()}": url
            for service, url in self.endpoint.services.items()
        }
        return {
            **kept,
            **self.credentials(),
            **endpoints,
            "AWS_CA_BUNDLE": certificate,
            "SSL_CERT_FILE": certificate,
            "AWS_ENDPOINT_URL": self.endpoint.url,
            "AWS_SDK_UA_APP_ID": self._application,
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
