//! What the attempts of one account so far have taught: which end point worked last, which did not get as far as TLS,
//! and how far away the server is. It saves time, never a check: the certificate is looked at whatever is remembered.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use xmppd_core::srv::Endpoint;

/// What is remembered; nothing at first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recall {
    worked: Option<(Endpoint, SocketAddr)>,
    failed: Option<Endpoint>,
    current: Option<Current>,
}

/// The connection of now.
#[derive(Clone, Debug)]
struct Current {
    endpoint: Endpoint,
    address: SocketAddr,
    secured: bool,
    redirected: bool,
}

/// How far away an address is; nearer ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// This machine.
    Machine,
    /// The networks around it: private and link-local addresses.
    Site,
    /// The rest of the world.
    World,
}

impl Recall {
    /// A connection stands, secured already or not.
    pub(crate) fn connected(&mut self, endpoint: Endpoint, address: SocketAddr, secured: bool, redirected: bool) {
        self.current = Some(Current { endpoint, address, secured: false, redirected });
        if secured {
            self.secured();
        }
    }

    /// The connection is secured: its end point is a good one.
    pub(crate) fn secured(&mut self) {
        let Some(current) = &mut self.current else { return };
        current.secured = true;
        if !current.redirected {
            self.failed = None;
            self.worked = Some((current.endpoint.clone(), current.address));
        }
    }

    /// The connection is lost. If it was not even secured, another end point should be tried before this one.
    pub(crate) fn lost(&mut self) {
        if let Some(current) = self.current.as_ref().filter(|current| !current.secured) {
            self.failed = Some(current.endpoint.clone());
            self.worked.take_if(|(endpoint, _)| *endpoint == current.endpoint);
        }
    }

    /// The end point that worked last, and its address.
    pub(crate) fn worked(&self) -> Option<(Endpoint, SocketAddr)> {
        self.worked.clone()
    }

    /// How far away the server of now, or of last, is; without one, nothing is too far to be near.
    pub(crate) fn reach(&self) -> Reach {
        self.current.as_ref().map_or(Reach::World, |current| Reach::of(current.address.ip()))
    }

    /// The groups with the end point that failed last behind all others.
    pub(crate) fn order(&self, mut groups: Vec<Vec<Endpoint>>) -> Vec<Vec<Endpoint>> {
        let Some(failed) = &self.failed else { return groups };
        let before: usize = groups.iter().map(Vec::len).sum();
        for group in &mut groups {
            group.retain(|endpoint| endpoint != failed);
        }
        if groups.iter().map(Vec::len).sum::<usize>() < before {
            groups.push(vec![failed.clone()]);
        }
        groups
    }
}

impl Reach {
    /// Where an address leads (RFC 1918, 3927, 4193, 4291, 6598).
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() || address.is_unspecified() => Self::Machine,
            IpAddr::V4(address) if address.octets()[0] == 0 => Self::Machine,
            IpAddr::V4(address) if address.is_private() || address.is_link_local() || is_shared(address) => Self::Site,
            IpAddr::V6(address) if address.is_unique_local() || address.is_unicast_link_local() => Self::Site,
            IpAddr::V4(_) | IpAddr::V6(_) => Self::World,
        }
    }
}

/// 100.64.0.0/10, behind a provider's address translator.
fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && second & 0xc0 == 64
}

#[cfg(test)]
mod tests {
    use xmppd_core::srv::Security;

    use super::*;

    fn endpoint(host: &str) -> Endpoint {
        Endpoint { host: host.to_owned(), port: 5222, security: Security::StartTls }
    }

    fn address() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 7], 5222))
    }

    fn order(recall: &Recall) -> String {
        let groups = vec![vec![endpoint("a"), endpoint("b")], vec![endpoint("c")]];
        let names = |group: Vec<Endpoint>| group.into_iter().map(|endpoint| endpoint.host).collect::<String>();
        recall.order(groups).into_iter().map(names).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_did_not_get_as_far_as_tls_comes_last_until_something_does() {
        let mut recall = Recall::default();
        assert_eq!(order(&recall), "ab c");
        recall.connected(endpoint("a"), address(), false, false);
        recall.lost();
        assert_eq!((order(&recall).as_str(), recall.worked()), ("b c a", None));
        recall.connected(endpoint("b"), address(), false, false);
        recall.secured();
        recall.lost();
        assert_eq!((order(&recall).as_str(), recall.worked()), ("ab c", Some((endpoint("b"), address()))));
        recall.connected(endpoint("elsewhere"), address(), false, false);
        recall.lost();
        assert_eq!(order(&recall), "ab c");
    }

    #[test]
    fn where_a_server_sent_us_is_not_where_the_domain_is() {
        let mut recall = Recall::default();
        recall.connected(endpoint("elsewhere"), address(), true, true);
        assert_eq!(recall.worked(), None);
        assert_eq!(recall.reach(), Reach::World);
    }

    #[test]
    fn an_address_is_as_far_away_as_its_network_says() {
        let check = |addresses: &str, expected: Reach| {
            for address in addresses.split_whitespace() {
                assert_eq!(Reach::of(address.parse().unwrap()), expected, "{address}");
            }
        };
        check("127.0.0.1 127.9.9.9 ::1 0.0.0.0 0.1.2.3 :: ::ffff:127.0.0.1", Reach::Machine);
        check("10.1.2.3 172.16.0.1 192.168.1.1 169.254.1.1 100.64.0.1 fd00::1 fe80::1 ::ffff:10.0.0.1", Reach::Site);
        check("192.0.2.1 8.8.8.8 172.32.0.1 100.128.0.1 2001:db8::1 ::ffff:8.8.8.8", Reach::World);
        assert!(Reach::Machine < Reach::Site && Reach::Site < Reach::World);
    }
}
