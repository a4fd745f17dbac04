//! Messages that came and went: kept, found, read, asked for, and forgotten in time.

mod corrected;
mod kept;
mod remarks;
mod returned;
mod stage;
mod unread;
mod words;
