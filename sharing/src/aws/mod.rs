//! The clients of AWS: what they show of both sides, and what they change.

mod account;
mod apply;
mod consumer;
mod holder;
mod identity;
mod owner;
mod sight;

pub use account::Account;
pub use apply::apply;
pub use consumer::observe_consumer;
pub use identity::observe_principal;
pub use owner::{observe_bucket_region, observe_owner};
