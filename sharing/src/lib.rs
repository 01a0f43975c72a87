//! A function of one account for analysts of another: the statements on both sides, and what is
//! wrong with them.
//!
//! Athena calls a function, reads what it spilled and has it decrypted with the identity of whoever
//! runs the query, so each call needs a statement on both sides: in the policy of the function,
//! bucket and key, and in the policies of the principal. [`terms`] writes them, [`amendment`] puts
//! them into documents that say more than that and takes them out again, [`plan`] shows the
//! difference, [`roster`] who is in documents already. [`doctor`] goes the other way: from what
//! could be seen of both sides to the statement that is missing. All of that is pure. The clients
//! of AWS are in the modules behind the feature `aws`.

pub mod amendment;
pub mod arn;
#[cfg(feature = "aws")]
pub mod aws;
pub mod consumer;
pub mod doctor;
pub mod letter;
pub mod plan;
pub mod policy;
pub mod roster;
pub mod terms;
