//! Functions of 256 MB as Lambda runs them: behind the host, spilling over https.
//!
//! `ATHENA_FUNCTIONS=DIR` takes the connectors from there, such as those built for AWS, instead of
//! building them as tests are; `ATHENA_LONG_TESTS=1` reads all of a table of which some splits are
//! read otherwise.

mod faults;
mod memory;
mod setup;
