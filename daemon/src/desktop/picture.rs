//! What the kernel's messages about the network amount to (rtnetlink(7)): whether one tells anything new. Much of what
//! it says is not: wireless statistics, lifetimes of addresses renewed every few minutes. Nothing read here is trusted
//! to be well formed.

use std::collections::{HashMap, HashSet};

/// `RTM_NEWLINK` and its like (linux/rtnetlink.h); each kind's removal has the next number.
const LINK: u16 = 16;
const ADDRESS: u16 = 20;
const ROUTE: u16 = 24;
/// `IFF_UP`, `IFF_RUNNING` and `IFF_LOWER_UP` (netdevice(7)).
const USABLE: u32 = 0x1 | 0x40 | 0x1_0000;
/// `IFA_F_TENTATIVE`: not to be used yet (RFC 4862).
const TENTATIVE: u8 = 0x40;
/// `IFA_ADDRESS` and `IFA_LOCAL`.
const ADDRESS_PARTS: [u16; 2] = [1, 2];
/// `RTA_DST`, `RTA_OIF`, `RTA_GATEWAY`, `RTA_PRIORITY`, `RTA_MULTIPATH` and `RTA_TABLE`.
const ROUTE_PARTS: [u16; 6] = [1, 4, 5, 6, 9, 15];
/// A machine with more than this begins a new picture.
const MOST: usize = 4096;

/// What was heard so far.
#[derive(Debug, Default)]
pub(super) struct Picture {
    links: HashMap<u32, u32>,
    others: HashSet<Vec<u8>>,
}

impl Picture {
    /// Takes one datagram in; whether it tells anything new.
    pub(super) fn hear(&mut self, mut datagram: &[u8]) -> bool {
        if self.links.len() + self.others.len() > MOST {
            *self = Self::default();
        }
        let mut news = false;
        while let Some((kind, body, rest)) = message(datagram) {
            news |= self.message(kind, body).unwrap_or(false);
            datagram = rest;
        }
        news
    }

    /// Nothing when the message is about something else, or is cut short.
    fn message(&mut self, kind: u16, body: &[u8]) -> Option<bool> {
        if kind & !1 == LINK {
            let (index, flags) = (number(body, 4)?, number(body, 8)? & USABLE);
            return Some(match kind == LINK {
                true => self.links.insert(index, flags) != Some(flags),
                false => self.links.remove(&index).is_some(),
            });
        }
        let key = match kind & !1 {
            ADDRESS => {
                let mut key = key(kind, body.get(..8)?, body.get(8..)?, &ADDRESS_PARTS);
                // What else the flags tell changes nothing.
                *key.get_mut(4)? &= TENTATIVE;
                key
            }
            ROUTE => key(kind, body.get(..8)?, body.get(12..)?, &ROUTE_PARTS),
            _ => return None,
        };
        Some(match kind & 1 == 0 {
            true => self.others.insert(key),
            false => {
                self.others.remove(&key);
                true
            }
        })
    }
}

/// The first message of a datagram: its type, its body, and what follows (netlink(7)).
fn message(datagram: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(number(datagram, 0)?).ok()?;
    let kind = u16::from_ne_bytes([*datagram.get(4)?, *datagram.get(5)?]);
    let body = datagram.get(16..length)?;
    Some((kind, body, datagram.get(aligned(length)..).unwrap_or_default()))
}

/// What stays the same as long as the address or the route is the same one.
fn key(kind: u16, head: &[u8], mut attributes: &[u8], parts: &[u16]) -> Vec<u8> {
    let mut key = (kind & !1).to_ne_bytes().to_vec();
    key.extend(head);
    while let &[low, high, first, second, ..] = attributes {
        let length = usize::from(u16::from_ne_bytes([low, high]));
        let Some(value) = attributes.get(4..length) else { break };
        let name = u16::from_ne_bytes([first, second]);
        if parts.contains(&name) {
            key.extend(name.to_ne_bytes());
            key.extend(value);
        }
        attributes = attributes.get(aligned(length)..).unwrap_or_default();
    }
    key
}

fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let part = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(part.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn attribute(name: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = u16::try_from(4 + value.len()).unwrap().to_ne_bytes().to_vec();
        bytes.extend(name.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn link(kind: u16, index: u32, flags: u32) -> Vec<u8> {
        sent(kind, &[[0; 4], index.to_ne_bytes(), flags.to_ne_bytes(), [0; 4]].concat())
    }

    fn address(kind: u16, last: u8, flags: u8, lifetime: u8) -> Vec<u8> {
        let head = [2, 24, flags, 0, 1, 0, 0, 0];
        sent(kind, &[&head[..], &attribute(1, &[192, 0, 2, last]), &attribute(6, &[lifetime; 16])].concat())
    }

    fn route(kind: u16, gateway: u8, metric: u8) -> Vec<u8> {
        let head = [2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0];
        let attributes = [attribute(5, &[192, 0, 2, gateway]), attribute(12, &[metric; 32])].concat();
        sent(kind, &[&head[..], &attributes].concat())
    }

    #[test]
    fn only_what_was_not_so_before_is_news() {
        let mut picture = Picture::default();
        let mut check = |datagram: Vec<u8>, expected: bool| assert_eq!(picture.hear(&datagram), expected);
        check(link(LINK, 2, 0x1), true);
        check(link(LINK, 2, 0x1 | 0x1000), false);
        check(link(LINK, 2, 0x1 | 0x40), true);
        check(link(LINK + 1, 2, 0), true);
        check(link(LINK + 1, 2, 0), false);
        check(address(ADDRESS, 7, 0x80, 1), true);
        check(address(ADDRESS, 7, 0x81, 2), false);
        check(address(ADDRESS, 7, 0x40, 2), true);
        check(address(ADDRESS, 8, 0x80, 2), true);
        check(address(ADDRESS + 1, 7, 0x80, 9), true);
        check(address(ADDRESS, 7, 0x80, 1), true);
        check(route(ROUTE, 1, 0), true);
        check(route(ROUTE, 1, 9), false);
        check(route(ROUTE, 2, 9), true);
        check(route(ROUTE + 1, 1, 0), true);
        check(sent(28, &[0; 40]), false);
        check([link(LINK, 2, 0), link(LINK, 3, 1)].concat(), true);
        check([link(LINK, 2, 0), link(LINK, 3, 1)].concat(), false);
    }

    proptest! {
        #[test]
        fn no_datagram_panics_or_never_ends(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            Picture::default().hear(&bytes);
        }

        #[test]
        fn no_damaged_message_panics(at in 0_usize..60, value: u8, length in 0_usize..80) {
            for mut bytes in [link(LINK, 1, 1), address(ADDRESS, 1, 1, 1), route(ROUTE, 1, 1)] {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
                bytes.truncate(length);
                Picture::default().hear(&bytes);
            }
        }
    }
}
