//! The main journey on real servers: log in, set a status, be seen, send, leave.


use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

#[test]
fn smoke() {
    let Some(server) = present("smoke", Server::start(Kind::Prosody12)) else { return };
    let port = server.port(Tls::Starttls);
    let ca = server.authority_file();
    let home = Home::new(&format!("
[[account]]
name = \"home\"
jid = \"romeo@verona.example\"
password-command = [\"printf\", \"%s\", {:?}]
server = \"127.0.0.1:{port}\"
tls = \"starttls\"
ca-file = {ca:?}
", ROMEO.password)).unwrap();
    let mut juliet = Contact::login(&server, Tls::Starttls, JULIET).unwrap();
    let daemon = home.start();
    for args in [vec!["wait","online","-t","10s"], vec!["account","list"], vec!["status", "dnd", "Good night"], vec!["-j","status"], vec!["roster"], vec!["-j","roster"], vec!["send","juliet@verona.example","hello"], vec!["doctor"], vec!["daemon","status"], vec!["ping"]] {
        println!("$ xmppctl {args:?}\n{:?}", home.ctl(&args));
    }
    let _ = &mut juliet;
    drop(daemon);
}
