//! `TIMESTAMP WITH TIME ZONE` on the wire: milliseconds and a time zone key packed into one integer, value by value
//! (section 6.2 of the protocol).
