//! Letters of a session that is lost, of which nobody knows whether they arrived: what archives say of them, those of
//! real servers, which may have none, and those that lie.

mod liars;
mod servers;
