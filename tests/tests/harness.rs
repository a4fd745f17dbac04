//! The harness on itself: every part of it works before a test relies on it.

use xmppd_tests::missing::present;
use xmppd_tests::server::{Kind, Server};

#[test]
fn every_server_starts_and_starts_again() {
    for kind in Kind::ALL {
        let Some(mut server) = present(kind.name(), Server::start(kind)) else { continue };
        println!("{}: {:?}", kind.name(), server.started_in());
        server.restart();
        println!("{}: {:?} again", kind.name(), server.started_in());
        server.crash();
        server.restart();
        println!("{}: {:?} after a crash", kind.name(), server.started_in());
    }
}
