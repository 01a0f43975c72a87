//! What is left of the constraints when the rows are there: the SDK applies all of it itself.
