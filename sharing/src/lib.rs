//! Cross-account access to Athena connectors: grants, their removal, and diagnosis.
//!
//! Athena invokes a connector function, reads its spilled results and decrypts them as the
//! principal that runs the query. Querying from another account therefore takes statements on both
//! sides: in the policies of the function, the spill bucket and the KMS key (the *owner*), and in
//! the policies of the querying principal (the *consumer*).
//!
//! | Module | Purpose |
//! |---|---|
//! | [`grant`] | the statements of both sides for a function, a consumer and conditions |
//! | [`policy_change`] | a policy before and after a grant, with the difference |
//! | [`policy_edit`] | insertion and removal of a statement, every other byte unchanged |
//! | [`existing_grants`] | grants found in a policy |
//! | [`identity_policy`] | the policy of a querying principal, for all of its connectors |
//! | [`instructions`] | setup instructions for the consumer |
//! | [`policy`] | offline evaluation of IAM policies |
//! | [`doctor`] | diagnosis: from observed settings to the missing statement |
//! | `aws` (feature `aws`) | AWS clients that read both accounts and apply changes |
//!
//! Everything except `aws` is pure: no network, no clock, no environment.
//!
//! # Examples
//!
//! Granting a role access to a function, as a change to the policy of the function:
//!
//! ```
//! use athena_sharing::{
//!     grant::{Grant, SharedFunction},
//!     policy_change::{PolicyChange, PolicyTarget},
//! };
//!
//! let shared = SharedFunction {
//!     function: "arn:aws:lambda:us-east-1:444455556666:function:shop".parse()?,
//!     spill: None,
//! };
//! let grant = Grant {
//!     consumer: "arn:aws:iam::111122223333:role/Analyst".parse()?,
//!     organization: None,
//!     through_athena: true,
//!     by_add_permission: false,
//! };
//! let statements = grant.function_policy(&shared);
//! let change = PolicyChange::insert(PolicyTarget::Function, "shop", None, &statements)?;
//! assert_eq!(change.added.len(), 1);
//! print!("{change}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod add_permission;
pub mod arn;
#[cfg(feature = "aws")]
pub mod aws;
pub mod consumer;
pub mod doctor;
mod error;
pub mod existing_grants;
pub mod grant;
pub mod identity_policy;
pub mod instructions;
pub mod policy;
pub mod policy_change;
pub mod policy_edit;
pub mod policy_statement;

pub use error::{Error, ErrorKind};
