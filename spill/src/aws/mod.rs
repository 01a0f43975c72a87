//! The store and the key factory on the official AWS clients.
