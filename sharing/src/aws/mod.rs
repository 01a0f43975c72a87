//! AWS clients that read the settings of both accounts and apply changes.

mod account;
mod apply;
mod consumer;
mod iam_identity;
mod lookup;
mod owner;
mod principal;

pub use account::Account;
pub use apply::apply;
pub use consumer::observe_consumer;
pub use owner::{ObservedOwner, observe_bucket_region, observe_owner};
pub use principal::{observe_connector_policy, observe_principal};
