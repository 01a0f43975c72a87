//! Our client speaks every version to the connector on the Java SDK, whose readers insist on every
//! member and its place.

use std::sync::Arc;

use athena_client::CallOutcome;
use athena_client::Invoke;
use athena_lambda_host::LocalS3;
use athena_protocol::SerdeVersion;

use super::{
    verdicts::Verdicts,
    way::{Way, difference},
};

/// Statements that need every message, with predicates of all kinds.
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

/// What is wrong with the rows of every statement in every version beside those of `reference`, by
/// operation.
pub(super) async fn compare(java: &Arc<dyn Invoke>, reference: &mut Way, s3: &LocalS3) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for version in SerdeVersion::ALL {
        for mut way in
            [Way::inline("inline", java, version, s3), Way::spilled("spilled", java, version, s3)]
        {
            for sql in STATEMENTS {
                let expected = reference.answer(sql).await;
                let (calls, got) = way.traced(sql).await;
                for call in calls {
                    let verdict = match call.outcome {
                        CallOutcome::Failed(error) => Err(error),
                        // Rows that are not right condemn whatever was said to get them.
                        _ if got != expected => {
                            Err(format!("{}: {sql}\n{}", way.name, difference(&expected, &got)))
                        }
                        CallOutcome::Response(_)
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
