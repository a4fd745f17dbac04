//! x
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::server::{Kind, Server, Tls};

#[test]
fn smoke() {
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        for tls in [Tls::Direct, Tls::Starttls] {
            let Some(mut server) = present("smoke", Server::start(kind)) else { return };
            let port = server.port(tls);
            let ca = server.authority_file();
            let home = Home::new(&format!(
                "
[[account]]
name = \"home\"
jid = \"romeo@verona.example\"
password-command = [\"printf\", \"%s\", {:?}]
server = \"127.0.0.1:{port}\"
tls = \"{}\"
ca-file = {ca:?}
",
                ROMEO.password,
                if tls == Tls::Direct { "direct" } else { "starttls" }
            ))
            .unwrap();
            for round in 0..3 {
                let mut daemon = home.start();
                println!("{kind:?} {tls:?} {round}\n{}", home.ctl(&["wait", "online", "-t", "5s"]).stderr);
                println!("{}", home.ctl(&["-j", "account", "list"]).stdout);
                println!("{}", home.ctl(&["status", "away", "x"]).stdout);
                if round == 1 {
                    server.restart();
                    home.eventually(&["account", "list"], |v| v["accounts"][0]["state"] != "online");
                    println!("{}", home.ctl(&["wait", "online", "-t", "15s"]).stderr);
                    println!("{}", home.ctl(&["-j", "account", "list"]).stdout);
                }
                let _ = &mut daemon;
                drop(daemon);
            }
        }
    }
}
