//! A server says where it wants a session to be taken up again (XEP-0198 section 3): the daemon looks there first, under
//! the same identity, and goes the usual way at once when that leads nowhere (R10, S05, S11).

use std::path::Path;

use serde_json::json;
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Certificate, Flaw};
use xmppd_tests::daemon::Home;
use xmppd_tests::process::{Folder, free_port};
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::ROMEO;

/// A first session, to be taken up at this port; its connection is cut.
fn begin(client: &mut Conversation, certificate: &Certificate, port: u16) -> Outcome {
    client.starttls(certificate)?;
    client.log_in(ROMEO)?;
    client.expect("<enable ")?;
    client.expect("<presence")?;
    client.send(format!("<enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true' location='127.0.0.1:{port}'/>"))?;
    client.expect("<r xmlns='urn:xmpp:sm:3'/>")?;
    client.send("<a xmlns='urn:xmpp:sm:3' h='3'/>")?;
    client.cut()
}

/// The session goes on.
fn go_on(client: &mut Conversation, certificate: &Certificate) -> Outcome {
    client.starttls(certificate)?;
    client.authenticate(ROMEO)?;
    client.open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>")?;
    client.expect("<resume ")?;
    client.expect("previd='sm-1'")?;
    client.send("<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='3'/>")?;
    client.rest().map(drop)
}

fn home(server: &ScriptedServer, trusted: &Path) -> Home {
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    let home = Home::new(&account::romeo_at((server.port(), Tls::Starttls), trusted, &password));
    home.expect("the programs are built")
}

/// Waits until the session goes on at this port.
#[track_caller]
fn goes_on_at(home: &Home, port: u16) {
    let server = json!(format!("127.0.0.1:{port}"));
    home.eventually(&["account", "show", "home"], |shown| {
        let account = &shown["accounts"][0];
        account["stream"]["resumed"] == true && account["server"] == server
    });
}

#[test]
fn a_session_is_taken_up_where_its_server_wants_it() {
    let (authority, folder) = (Authority::new(), Folder::new("authority"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let other = ScriptedServer::start(move |client| go_on(client, &certificate));
    let (certificate, port) = (authority.issue(Flaw::None), other.port());
    let first = ScriptedServer::start(move |client| begin(client, &certificate, port));
    let home = home(&first, &trusted);
    let _daemon = home.start();
    first.played();
    goes_on_at(&home, port);
}

#[test]
fn a_place_with_a_foreign_certificate_or_with_nobody_is_left_for_the_usual_way() {
    let (authority, folder) = (Authority::new(), Folder::new("authority"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let foreign = authority.issue(Flaw::WrongName);
    let other = ScriptedServer::start(move |client| {
        // The client does not go on, in whatever words.
        let _ = client.starttls(&foreign);
        client.rest().map(drop)
    });
    for port in [other.port(), free_port()] {
        let certificate = authority.issue(Flaw::None);
        let first = ScriptedServer::start(move |client| match client.number {
            0 => begin(client, &certificate, port),
            _ => go_on(client, &certificate),
        });
        let home = home(&first, &trusted);
        let _daemon = home.start();
        first.played();
        goes_on_at(&home, first.port());
    }
}
