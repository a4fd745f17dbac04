//! Servers that want a login in clear text, or by means that do not prove the server.

use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::ROMEO;

use super::{error_in, holds};

const PLAIN: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
                     <mechanism>X-OAUTH2</mechanism></mechanisms>";

#[test]
fn without_tls_nothing_but_the_domain_is_said() {
    let check = |offer: fn(&mut Conversation) -> Outcome| {
        let server = ScriptedServer::start(move |client| {
            offer(client)?;
            nothing_of_a_login(&client.rest()?)
        });
        let error = refused(&server, &Folder::new("tls"), "retrying");
        assert_eq!(error["kind"], "tls-required", "{error}");
        assert!(error["retry_at"].is_string(), "{error}");
    };
    check(|client| client.open(PLAIN));
    check(|client| client.open("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
    check(|client| {
        client.open("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
        client.expect("<starttls")?;
        client.expect(">")?;
        client.send("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")
    });
}

#[test]
fn a_password_is_never_sent_in_clear_even_inside_tls() {
    let (authority, folder) = (Authority::new(), Folder::new("plain"));
    folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let server = ScriptedServer::start(move |client| {
        client.starttls(&certificate)?;
        client.open(PLAIN)?;
        nothing_of_a_login(&client.rest()?)
    });
    let error = refused(&server, &folder, "stopped");
    assert_eq!(error["kind"], "no-mechanism", "{error}");
    holds(error["message"].as_str().unwrap_or_default(), "PLAIN");
}

#[test]
fn each_refusal_of_the_server_stops_or_is_tried_later() {
    for (condition, state) in [
        ("not-authorized", "stopped"),
        ("account-disabled", "stopped"),
        ("credentials-expired", "stopped"),
        ("encryption-required", "stopped"),
        ("incorrect-encoding", "stopped"),
        ("invalid-authzid", "stopped"),
        ("invalid-mechanism", "stopped"),
        ("malformed-request", "stopped"),
        ("mechanism-too-weak", "stopped"),
        ("temporary-auth-failure", "retrying"),
        ("aborted", "retrying"),
        ("unheard-of", "stopped"),
    ] {
        let (authority, folder) = (Authority::new(), Folder::new("refused"));
        folder.write("authority.pem", &authority.pem());
        let certificate = authority.issue(Flaw::None);
        let server = ScriptedServer::start(move |client| {
            client.starttls(&certificate)?;
            client.challenge(ROMEO)?;
            client.send(format!(
                "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><{condition}/>\
                 <text xml:lang='en'>Away,\u{202e} be gone</text></failure>"
            ))?;
            let rest = client.rest()?;
            if rest.contains("<auth") { Err(format!("it tried again: {rest}")) } else { Ok(()) }
        });
        let error = refused(&server, &folder, state);
        assert_eq!(error["kind"], "authentication", "{condition}: {error}");
        assert_eq!(error["retry_at"].is_string(), state == "retrying", "{condition}: {error}");
        holds(error["message"].as_str().unwrap_or_default(), "be gone");
    }
}

fn refused(server: &ScriptedServer, folder: &Folder, state: &str) -> serde_json::Value {
    let trusted = folder.join("authority.pem");
    if !trusted.exists() {
        folder.write("authority.pem", &Authority::new().pem());
    }
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    let configuration = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
    let home = present("logins", Home::new(&configuration)).expect("the programs are built");
    let _daemon = home.start();
    server.played();
    error_in(&home, state)
}

fn nothing_of_a_login(heard: &str) -> Outcome {
    let told = ["<auth", "romeo", "<iq", ROMEO.password].into_iter().find(|part| heard.contains(part));
    told.map_or(Ok(()), |part| Err(format!("{part} was said: {heard}")))
}
