//! Certificates that do not prove whose server it is: no login is begun, and the reason can be read.

use std::time::Duration;

use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::server::Tls;

use super::{error_in, fails, holds};

#[test]
fn a_wrong_certificate_never_gets_a_byte_of_the_login() {
    let (authority, folder) = (Authority::new(), Folder::new("certificates"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let mut kept = Vec::new();
    for (flaw, reason) in [
        (Flaw::WrongName, "mantua.example"),
        (Flaw::Expired, "expired"),
        (Flaw::SelfSigned, "unknown issuer"),
        (Flaw::UnknownAuthority, "not signed by the authority"),
    ] {
        for tls in Tls::BOTH {
            let certificate = authority.issue(flaw);
            let server = ScriptedServer::start(move |client| {
                let secured = match tls {
                    Tls::Starttls => client.starttls(&certificate),
                    Tls::Direct => client.secure(&certificate),
                };
                match secured {
                    Ok(()) => Err(format!("TLS was accepted, and this was said: {:?}", client.rest())),
                    Err(refused) if refused.contains("no TLS") => Ok(()),
                    Err(other) => Err(other),
                }
            });
            let password = "password-command = [\"echo\", \"secret\"]";
            let configuration = account::romeo_at((server.port(), tls), &trusted, password);
            let Some(home) = present("certificates", Home::new(&configuration)) else { return };
            let daemon = home.start();
            server.played();
            let error = error_in(&home, "stopped");
            assert_eq!(error["kind"], "certificate", "{flaw:?} over {tls:?}: {error}");
            let message = error["message"].as_str().unwrap_or_default();
            assert!(message.contains(reason), "{flaw:?} over {tls:?}: {message}");
            holds(&home.ctl(&["account", "list"]).stdout, message);
            kept.push((daemon, home, server));
        }
    }
    for (daemon, home, server) in kept {
        assert!(server.left_alone(Duration::from_millis(300)), "it is not tried again: {}", daemon.log());
        let (_, error) = fails(&home, 4, &["account", "connect"]);
        assert_eq!(error["kind"], "not-online");
    }
}
