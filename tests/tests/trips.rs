//! x
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::relay::{Cut, Relay};
use xmppd_tests::server::people::{ROMEO, JULIET};
use xmppd_tests::server::{Kind, Server, Tls};

#[test]
fn smoke() {
    for kind in [Kind::Prosody13, Kind::Ejabberd, Kind::Prosody12] { for tls in [Tls::Direct, Tls::Starttls] {
    let Some(server) = present("smoke", Server::start(kind)) else { return };
    let relay = Relay::start(server.port(tls));
    let port = relay.port();
    let ca = server.authority_file();
    let home = Home::new(&format!("
[[account]]
name = \"home\"
jid = \"romeo@verona.example\"
password-command = [\"printf\", \"%s\", {:?}]
server = \"127.0.0.1:{port}\"
tls = \"{}\"
ca-file = {ca:?}
", ROMEO.password, if tls == Tls::Direct {"direct"} else {"starttls"})).unwrap();
    let mut juliet = Contact::login(&server, tls, JULIET).unwrap();
    let mut daemon = home.start();
    println!("{kind:?} {tls:?}\n{}", home.ctl(&["wait","online","-t","5s"]).stderr);
    println!("{}", home.ctl(&["status","away", "x"]).stdout);
    for n in 0..2 {
    relay.cut(Cut::Reset);
    println!("{:?}", home.eventually(&["account","list"], |v| v["accounts"][0]["stream"]["resumed"] == true)["accounts"][0]["stream"]);
    println!("{}", home.ctl(&["send","juliet@verona.example", &format!("hi{n}")]).stdout);
    }
    println!("{}", home.ctl(&["roster"]).stdout);
    daemon.kill();
    drop(daemon);
    let daemon = home.start();
    println!("{:?}", home.eventually(&["account","list"], |v| v["accounts"][0]["state"] == "online")["accounts"][0]["stream"]);
    println!("{}", home.ctl(&["send","juliet@verona.example","after kill"]).stdout);
    println!("{}", home.ctl(&["roster"]).stdout);
    let _ = &mut juliet;
    drop(daemon);
    }}
}
