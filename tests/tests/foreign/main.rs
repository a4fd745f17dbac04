//! A second client that is not ours, profanity, as a peer on real servers: messages, receipts, presence and songs as
//! its person sees them, and nothing lost or doubled over a death of the process, nor over cuts and lost sessions,
//! whatever the archive is worth.

mod archives;
mod peer;
