"""`docs/deploy/coverage.md`: every proof that it names exists and has passed.

A proof is a row of the matrix (`T08`), a mutation (`M01`), a section of a guide (`*quick: Hub*`), a
check (`"claim"`, or the beginning of one), or a step of `deploy/check-real`.
"""

import json
import re
from dataclasses import dataclass

from tests.deploy.code_blocks import used_sections
from tests.deploy.report import Check, Report
from tests.deploy.rows import CASES
from tests.servers import ROOT

PAGE = ROOT / "docs/deploy/coverage.md"
ITEMS = 81  # statements of the three descriptions
VERDICTS = ("yes", "better", "AWS")
PROOF = re.compile(
    r'(?P<row>\b[TQLFE]\d{1,3}\b)|(?P<mutation>\bM\d\d\b)|\*(?P<section>[a-z-]+: [^*]+)\*'
    r'|"(?P<claim>[^"]+)"|(?P<step>step \d)'
)


@dataclass(frozen=True)
class Item:
    """A row of a table of the page."""

    text: str
    proofs: tuple[re.Match[str], ...]
    rest: str  # of the cell with the proofs
    verdict: str


def items() -> list[Item]:
    """Returns the items of all tables that have a column with proofs."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 4 and cells[0] not in ("Item", "---"):
            text, _, proofs, verdict = cells
            matches = tuple(PROOF.finditer(proofs))
            rest = PROOF.sub("", proofs).strip(" ,")
            found.append(Item(text, matches, rest, verdict.strip(" |")))
    return found


def _rows() -> set[str]:
    names = ("iam.tsv", "grants.tsv", "guardrails.tsv")
    lines = [line for name in names for line in (CASES / name).read_text().splitlines()]
    return {line.split("\t")[0] for line in lines}


def coverage_checks(report: Report) -> list[Check]:
    """Checks the page against the rows, the sections that were run, and the checks that passed."""
    rows = _rows()
    mutations = {item["id"] for item in json.loads((CASES / "mutations.json").read_text())}
    sections = used_sections()
    script = (ROOT / "deploy/check-real").read_text()
    steps = set(re.findall(r'^echo "(\d)[.]', script, re.MULTILINE))

    def exists(proof: re.Match[str]) -> bool:
        match proof.lastgroup:
            case "row":
                return proof["row"] in rows
            case "mutation":
                return proof["mutation"] in mutations
            case "section":
                return proof["section"] in sections
            case "claim":
                return any(claim.startswith(proof["claim"]) for claim in report.passed)
            case _:
                return proof["step"].removeprefix("step ") in steps

    found = items()
    missing = [f"{item.text}: {p[0]}" for item in found for p in item.proofs if not exists(p)]
    unproven = [item.text for item in found if not item.proofs or item.rest]
    wrong = [f"{item.text}: {item.verdict}" for item in found if item.verdict not in VERDICTS]
    only_aws = [
        item.text
        for item in found
        if item.verdict == "AWS" and not any(proof["step"] for proof in item.proofs)
    ]
    counts = {verdict: sum(item.verdict == verdict for item in found) for verdict in VERDICTS}
    print(f"   {len(found)} items: " + ", ".join(f"{n} {v}" for v, n in counts.items()))
    return [
        Check(f"coverage.md has all {ITEMS} items", len(found) == ITEMS, str(len(found))),
        Check("every proof of coverage.md exists and has passed", not missing, "; ".join(missing)),
        Check("every item of coverage.md has proofs", not unproven, str(unproven)),
        Check("every item of coverage.md has a verdict", not wrong, str(wrong)),
        Check("what only AWS can show has a step of check-real", not only_aws, str(only_aws)),
    ]
