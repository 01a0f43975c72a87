//! JSON as this protocol needs it: a lenient reader that keeps big strings borrowed, and a writer that keeps order.
