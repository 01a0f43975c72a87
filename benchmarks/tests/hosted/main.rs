//! Functions of 256 MB as they run in Lambda: behind the host, spilling over https.
//!
//! `ATHENA_FUNCTIONS=DIR` uses the connectors in that folder, such as those built for AWS, instead
//! of building them; `ATHENA_LONG_TESTS=1` reads whole tables where other runs read some splits.

mod faults;
mod memory;
mod setup;
