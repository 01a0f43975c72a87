//! Our client with the connector on the Java SDK, in every version.
//!
//! The readers of the Java SDK require every member, in their order.

use std::sync::Arc;

use athena_client::{CallOutcome, Invoke};
use athena_lambda_host::LocalS3;
use athena_protocol::SerdeVersion;

use super::{
    scenario::{Scenario, difference},
    verdicts::Verdicts,
};

/// Statements that need every message, with all kinds of predicates.
const STATEMENTS: &[&str] = &[
    "SELECT * FROM kinds ORDER BY id",
    "SELECT id, zoned FROM kinds WHERE zoned > TIMESTAMP '2024-03-01 12:00:00Z' OR price < 1.5 ORDER BY id",
    "SELECT id, name FROM kinds WHERE name IN ('one', 'ONE', '') AND flag IS NOT NULL ORDER BY id",
    "SELECT id, bytes FROM kinds WHERE bytes = X'00' AND born < DATE '1970-01-01' AND real4 < 1.0 ORDER BY id",
    "SELECT id, amount FROM events WHERE region IS NULL AND year <> 2023 AND (amount > 199 OR note LIKE 'note 9_')",
    "SELECT id, amount FROM events WHERE year = 2024 AND seen > TIMESTAMP '1970-01-01 00:00:00' AND NOT (price > 1)
     ORDER BY amount DESC, id LIMIT 3",
    "SELECT count(*) AS n FROM (SELECT id FROM events WHERE year = 2022 LIMIT 5000) AS some",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'peer' ORDER BY table_name",
    "USING EXTERNAL FUNCTION head(text VARCHAR, keep INTEGER) RETURNS VARCHAR LAMBDA 'peer'
     SELECT id, head(name, 3) AS beginning FROM kinds ORDER BY id",
];

/// Compares the rows of every statement in every version with those of `reference`, and returns the
/// results by operation.
pub(super) async fn compare(
    java: &Arc<dyn Invoke>,
    reference: &mut Scenario,
    s3: &LocalS3,
) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for version in SerdeVersion::ALL {
        for mut scenario in [
            Scenario::inline("inline", java, version, s3),
            Scenario::spilled("spilled", java, version, s3),
        ] {
            for sql in STATEMENTS {
                let expected = reference.run(sql).await;
                let (calls, got) = scenario.traced(sql).await;
                for call in calls {
                    let verdict = match call.outcome {
                        CallOutcome::Failed(error) => Err(error),
                        // Wrong rows count against every call of the statement.
                        _ if got != expected => Err(format!(
                            "{}: {sql}\n{}",
                            scenario.name,
                            difference(&expected, &got)
                        )),
                        CallOutcome::Answer(_)
                        | CallOutcome::Inline { .. }
                        | CallOutcome::Spilled { .. } => Ok(()),
                    };
                    let verdicts = verdicts.entry((call.operation.to_string(), version.number()));
                    verdicts
                        .and_modify(|so_far| *so_far = so_far.clone().and(verdict.clone()))
                        .or_insert(verdict);
                }
            }
        }
    }
    verdicts
}
