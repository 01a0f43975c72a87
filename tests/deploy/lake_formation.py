"""A model of sharing between two accounts with Lake Formation, from the rules that AWS documents.

No emulator enforces grants. This model implements one rule in each method and evaluates the grants
that the templates created, as recorded by the mock:

- A share with an account takes effect once the account accepts it. Its administrator then sees the
  resources.
- A share with an organization or organizational unit is one with each account in it. It takes effect
  at once, if RAM's sharing with the organization is on.
- A grant to an account can be passed on only within that account, only with the grant option, and
  never to `IAMAllowedPrincipals`: by its administrator, or by a principal that has the option.
- Any permission on a resource includes `DESCRIBE`.
- A grant to a principal of another account needs version 3 and has no grant option.
- Resources of federated catalogs can be shared from version 4 on. `DROP` and `SUPER` cannot be
  shared at all.
- A resource on which `IAMAllowedPrincipals` has permissions cannot be shared.
- Athena reads a shared table through a resource link: this needs `DESCRIBE` on the link, on the
  shared database and on the database `default`, and `SELECT` on the table, which grants on the link
  do not include.
"""

from dataclasses import dataclass, replace

from tests.deploy import fixtures

IAM_ALLOWED = "IAMAllowedPrincipals"
EVERY_TABLE = "*"


@dataclass(frozen=True)
class Resource:
    """A database, or one of its tables, in an account's Glue catalog or in a federated one."""

    account: str
    database: str
    table: str | None = None
    federated_catalog: str | None = None

    def database_resource(self) -> "Resource":
        return Resource(self.account, self.database)


@dataclass(frozen=True)
class Grant:
    """Permissions of a principal on a resource."""

    grantor: str  # account whose administrator granted them
    principal: str  # an account id, or the ARN of a role
    resource: Resource
    permissions: frozenset[str]
    grantable: frozenset[str]
    columns: frozenset[str] | None = None  # None: all

    def covers(self, resource: Resource) -> bool:
        same_database = self.resource.database_resource() == resource.database_resource()
        every_table = self.resource.table == EVERY_TABLE and resource.table is not None
        return same_database and (self.resource.table == resource.table or every_table)

    def includes_columns(self, columns: frozenset[str]) -> bool:
        return self.columns is None or columns <= self.columns


@dataclass(frozen=True)
class GrantRequest:
    """A permission to be granted to an account, a role or `IAMAllowedPrincipals`."""

    resource: Resource
    permission: str
    grantee: str
    with_option: bool


@dataclass(frozen=True)
class Link:
    """A resource link: a database of one account that refers to a database of another."""

    account: str
    name: str
    target: Resource


@dataclass(frozen=True)
class Lake:
    """The state of both accounts."""

    grants: tuple[Grant, ...]
    links: tuple[Link, ...]
    admins: frozenset[str]
    version: int
    accepted: bool = True
    iam_allowed: bool = False
    organization_sharing: bool = True

    def without(self, grant: Grant) -> "Lake":
        return replace(self, grants=tuple(other for other in self.grants if other is not grant))

    def _grants_to(self, principal: str, resource: Resource, permission: str) -> list[Grant]:
        return [
            grant
            for grant in self.grants
            if grant.principal == principal
            and grant.covers(resource)
            and (permission == "DESCRIBE" or permission in grant.permissions)
        ]

    def _shares_with(self, account: str, resource: Resource, permission: str) -> list[Grant]:
        """Returns the owner's grants that have an effect in an account."""
        principals = [account] if self.accepted else []
        if self.organization_sharing:
            principals += organizations_of(account)
        return [
            grant
            for principal in principals
            for grant in self._grants_to(principal, resource, permission)
        ]

    def may_describe(self, admin: str, resource: Resource) -> bool:
        """Returns whether an administrator sees a resource that another account shares."""
        shares = self._shares_with(_account(admin), resource, "DESCRIBE")
        return admin in self.admins and bool(shares)

    def may_select(self, principal: str, resource: Resource, columns: frozenset[str]) -> bool:
        """Returns whether a query of `principal` through a link reads these columns."""
        account, target = _account(principal), resource.database_resource()
        links = [link for link in self.links if link.account == account and link.target == target]
        described = any(
            self._grants_to(principal, Resource(account, link.name), "DESCRIBE") for link in links
        )
        described &= bool(self._grants_to(principal, target, "DESCRIBE"))
        described &= bool(self._grants_to(principal, Resource(account, "default"), "DESCRIBE"))
        own = self._grants_to(principal, resource, "SELECT")
        shared = self._shares_with(account, resource, "SELECT")
        return described and all(
            any(grant.includes_columns(columns) for grant in grants) for grants in (own, shared)
        )

    def may_grant(self, grantor: str, request: GrantRequest) -> bool:
        """Returns whether a principal may grant a permission."""
        account = _account(grantor)
        if grantor not in self.admins:
            grants = self._grants_to(grantor, request.resource, request.permission)
            delegated = any(request.permission in grant.grantable for grant in grants)
            return delegated and _is_principal_of(account, request.grantee)
        if request.resource.account == account:
            return self._owner_may_grant(account, request)
        return self._consumer_may_grant(account, request)

    def _owner_may_grant(self, account: str, request: GrantRequest) -> bool:
        if request.grantee == IAM_ALLOWED or _account(request.grantee) == account:
            return True
        if self.iam_allowed or request.permission in {"DROP", "SUPER"}:
            return False
        if request.resource.federated_catalog and self.version < 4:
            return False
        to_principal = ":iam:" in request.grantee
        return not to_principal or (self.version >= 3 and not request.with_option)

    def _consumer_may_grant(self, account: str, request: GrantRequest) -> bool:
        to_own_principal = _is_principal_of(account, request.grantee)
        shares = self._shares_with(account, request.resource, request.permission)
        return to_own_principal and any(request.permission in share.grantable for share in shares)


def organizations_of(account: str) -> list[str]:
    """Returns the ARNs of the organization and of the organizational unit of an account."""
    prefix = f"arn:aws:organizations::{fixtures.MANAGEMENT}"
    found = []
    if account in fixtures.MEMBERS:
        found.append(f"{prefix}:organization/{fixtures.ORGANIZATION}")
    if account in fixtures.UNIT_MEMBERS:
        found.append(f"{prefix}:ou/{fixtures.ORGANIZATION}/{fixtures.UNIT}")
    return found


def _is_principal_of(account: str, grantee: str) -> bool:
    return ":iam:" in grantee and _account(grantee) == account


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.startswith("arn:") else principal
