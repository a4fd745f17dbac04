//! A server that has never met this program learns what it listens to only by asking, and what contacts publish
//! meanwhile is lost to it.

use std::time::Duration;

use serde_json::json;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::relay::{Plan, Relay};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, eventually};

use crate::stage::{AT_ONCE, account};

/// So long a question of the server's takes to us, and the answer back.
const LINE: Duration = Duration::from_millis(700);

#[test]
fn a_tune_published_before_the_server_knows_what_we_listen_to_comes_all_the_same() {
    std::thread::scope(|scope| {
        for kind in Kind::ALL {
            scope.spawn(move || present(&format!("a tune before all ({})", kind.name()), published_early(kind)));
        }
    });
}

fn published_early(kind: Kind) -> Result<(), Missing> {
    let server = Server::start(kind)?;
    let relay = Relay::start(server.port(Tls::Starttls));
    relay.plan(Plan { delay: LINE, ..Plan::default() });
    let home = Home::new(&account(relay.port(), &server.authority_file().display().to_string(), AT_ONCE))?;
    let mut juliet = Contact::login(&server, Tls::Starttls, JULIET)?;
    let _daemon = home.start();
    juliet.wait_for_presence(&ROMEO.jid(), "sees romeo", |presence| presence["type"] == "available");
    // Romeo's server has asked him just now what he is, and does not know yet.
    juliet.tell("tune", &json!({"artist": "Prokofiev", "title": "Knights"}));
    eventually(&format!("{}: romeo sees juliet's tune", kind.name()), SOON, || {
        let roster = home.json(&["roster"]);
        (roster["accounts"][0]["contacts"][0]["tune"]["title"] == "Knights").then_some(())
    });
    Ok(())
}
