"""A small model of Lake Formation's sharing between two accounts, from the rules that AWS states.

No stand-in enforces grants, so the rules are written down here, one function each, and asked about grants that were read back from the
recorder after the templates were deployed:

- a share exists in the other account once it is accepted; its administrator sees what was granted to the account;
- a grant to an account can be passed on only within it, only with the grant option, and never to `IAMAllowedPrincipals`;
- a principal of another account can be granted to directly from version 3 on, without the grant option;
- objects of federated catalogs can be shared from version 4 on; `DROP` and `Super` cannot be shared at all;
- while `IAMAllowedPrincipals` holds something on an object, it cannot be shared;
- Athena reads a shared table through a link: `DESCRIBE` on the link and `SELECT` on the table, which a link's grants do not give.
"""

from dataclasses import dataclass, replace

IAM_ALLOWED = "IAMAllowedPrincipals"
EVERY_TABLE = "*"


@dataclass(frozen=True)
class Thing:
    """A database, or a table in it, of an account's catalog; `federated` names another catalog there."""

    account: str
    database: str
    table: str | None = None
    federated: str | None = None


@dataclass(frozen=True)
class Grant:
    """What `principal` (an account id or a role's ARN) was given by `giver`, the account whose administrator granted it."""

    giver: str
    principal: str
    thing: Thing
    permissions: frozenset[str]
    grantable: frozenset[str]
    columns: frozenset[str] | None = None  # none: all

    def covers(self, thing: Thing) -> bool:
        same = (self.thing.account, self.thing.database) == (thing.account, thing.database)
        return same and (
            self.thing.table == thing.table or (self.thing.table == EVERY_TABLE and thing.table is not None)
        )


@dataclass(frozen=True)
class Link:
    """A database of one account that stands for a database of another."""

    account: str
    name: str
    target: Thing


@dataclass(frozen=True)
class Lake:
    """Both accounts' state."""

    grants: tuple[Grant, ...]
    links: tuple[Link, ...]
    admins: frozenset[str]
    version: int
    accepted: bool = True
    iam_allowed: bool = False

    def without(self, grant: Grant) -> "Lake":
        return replace(self, grants=tuple(other for other in self.grants if other is not grant))

    def _given(self, principal: str, thing: Thing, permission: str) -> list[Grant]:
        return [
            grant
            for grant in self.grants
            if grant.principal == principal and grant.covers(thing) and permission in grant.permissions
        ]

    def _shared(self, account: str, thing: Thing, permission: str) -> list[Grant]:
        """Grants of the owner to the account, once accepted."""
        return self._given(account, thing, permission) if self.accepted else []

    def may_describe(self, admin: str, thing: Thing) -> bool:
        """Whether an administrator sees what another account shares with theirs."""
        return admin in self.admins and bool(self._shared(_account(admin), thing, "DESCRIBE"))

    def may_select(self, principal: str, thing: Thing, columns: frozenset[str]) -> bool:
        """Whether a query of `principal` through a link reads these columns."""
        account = _account(principal)
        target = Thing(thing.account, thing.database)
        links = [link for link in self.links if link.account == account and link.target == target]
        described = any(self._given(principal, Thing(account, link.name), "DESCRIBE") for link in links)
        selected = any(_has(grant, columns) for grant in self._given(principal, thing, "SELECT"))
        shared = any(_has(grant, columns) for grant in self._shared(account, thing, "SELECT"))
        return described and selected and shared

    def may_grant(self, giver: str, thing: Thing, permission: str, to: str, with_option: bool = False) -> bool:
        """Whether `giver` may give `permission` on `thing` to an account, a role or `IAMAllowedPrincipals`."""
        if giver not in self.admins:
            return any(permission in grant.grantable for grant in self._given(giver, thing, permission))
        own = _account(giver)
        return (
            self._owner_may(own, thing, permission, to, with_option)
            if thing.account == own
            else self._passes_on(own, thing, permission, to)
        )

    def _owner_may(self, own: str, thing: Thing, permission: str, to: str, with_option: bool) -> bool:
        if to == IAM_ALLOWED or _account(to) == own:
            return True
        if self.iam_allowed or permission in {"DROP", "SUPER"}:
            return False
        if thing.federated and self.version < 4:
            return False
        directly = to.startswith("arn:")
        return not directly or (self.version >= 3 and not with_option)

    def _passes_on(self, own: str, thing: Thing, permission: str, to: str) -> bool:
        if to == IAM_ALLOWED or _account(to) != own or not to.startswith("arn:"):
            return False
        return any(permission in grant.grantable for grant in self._shared(own, thing, permission))


def _has(grant: Grant, columns: frozenset[str]) -> bool:
    return grant.columns is None or columns <= grant.columns


def _account(principal: str) -> str:
    return principal.split(":")[4] if principal.startswith("arn:") else principal
