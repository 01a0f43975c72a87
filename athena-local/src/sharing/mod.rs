//! A function of one account for analysts of another: the statements on both sides, and what is wrong with them.
//!
//! Athena calls a function, reads what it spilled and has it decrypted with the identity of whoever runs the query, so each
//! call needs a statement on both sides: in the policy of the function, bucket and key, and in the policies of the principal.

pub mod amendment;
pub mod arn;
pub mod consumer;
pub mod doctor;
pub mod letter;
pub mod plan;
pub mod policy;
pub mod terms;
