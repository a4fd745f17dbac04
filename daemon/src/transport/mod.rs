//! The network side of one account's connection: finding the server ([`dns`], [`dial`], [`race`], [`recall`]), securing the way
//! there ([`tls`]) and carrying bytes over it ([`link`]). What the bytes mean, when to try again and what a
//! failure means for the account is decided by `xmppd_core`.

pub(crate) mod dial;
pub(crate) mod dns;
pub(crate) mod domain;
pub(crate) mod link;
mod race;
pub(crate) mod recall;
pub(crate) mod tls;

#[cfg(test)]
mod testing;
