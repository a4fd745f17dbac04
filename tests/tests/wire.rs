//! `xml watch` against a real server: the wire of a login from its first byte, and no secret on it.

use serde_json::Value;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, Person, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::talk::Talk;

/// A word that only the message in question has.
const CANARY: &str = "nightingale-4711";

/// What a running `xmppctl` prints, a line at a time.
struct Following {
    lines: Talk,
    seen: Vec<String>,
}

impl Following {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        Self { lines: home.watch(arguments), seen: Vec::new() }
    }

    /// Reads on until a line has all of these texts in it.
    #[track_caller]
    fn until(&mut self, texts: &[&str]) -> String {
        loop {
            let Some(line) = self.lines.line() else { panic!("no line with {texts:?} in {:#?}", self.seen) };
            self.seen.push(line.clone());
            if texts.iter().all(|text| line.contains(text)) {
                return line;
            }
        }
    }

    fn all(&self) -> String {
        self.seen.join("\n")
    }
}

fn home(server: &Server, tls: Tls, person: Person) -> Home {
    let (port, ca) = (server.port(tls), server.authority_file());
    let tls = if tls == Tls::Direct { "direct" } else { "starttls" };
    let (jid, password) = (person.jid(), person.password);
    let home = Home::new(&format!(
        "[[account]]\nname = \"home\"\njid = \"{jid}\"\npassword-command = [\"printf\", \"%s\", {password:?}]\n\
         server = \"127.0.0.1:{port}\"\ntls = \"{tls}\"\nca-file = {ca:?}\n"
    ));
    home.expect("the programs are built").with("XMPPD_LOG", "trace")
}

/// Waits until a watcher is there, for its words come from then on.
fn watched(home: &Home, count: u64) {
    home.eventually(&["daemon", "status"], |status| status["watchers"] == count);
}

#[test]
fn the_wire_of_a_login_is_seen_from_its_first_byte_and_without_its_secrets() {
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        let Some(server) = present("wire", Server::start(kind)) else { continue };
        for tls in Tls::BOTH {
            login_is_seen(&server, tls);
        }
    }
}

fn login_is_seen(server: &Server, tls: Tls) {
    let home = home(server, tls, ROMEO);
    let mut daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online"]).code, 0);
    assert_eq!(home.ctl(&["account", "disconnect"]).code, 0);
    let mut wire = Following::start(&home, &["--json", "xml", "watch"]);
    let mut open = Following::start(&home, &["xml", "watch", "--unsafe", "--out", "--pretty"]);
    watched(&home, 2);
    assert_eq!(home.ctl(&["account", "connect"]).code, 0);

    let first = wire.until(&["xml"]);
    let first: Value = serde_json::from_str(&first).expect("a line is a document");
    assert_eq!((&first["direction"], &first["account"]), (&"out".into(), &"home".into()));
    assert!(
        first["xml"].as_str().is_some_and(|xml| xml.starts_with("<stream:stream ") && xml.ends_with('>')),
        "{first}"
    );
    assert!(first["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{first}");
    if tls == Tls::Starttls {
        wire.until(&["\"in\"", "<stream:stream "]);
        wire.until(&["\"out\"", "<starttls "]);
        wire.until(&["\"in\"", "<proceed "]);
    }
    // With a token the request goes before the server has said anything.
    wire.until(&["\"out\"", "auth", "[masked]"]);
    wire.until(&["\"in\"", "<stream:stream "]);
    wire.until(&["\"in\"", "<stream:features>", "<mechanism>"]);
    wire.until(&["\"in\"", "<success", "[masked]"]);
    wire.until(&["\"out\"", "<presence"]);
    open.until(&["→ stanza"]);

    let body = format!("It was the {CANARY}");
    assert_eq!(home.ctl(&["send", &JULIET.jid(), &body]).code, 0);
    wire.until(&["\"out\"", "<message ", "<body>[masked]</body>"]);
    open.until(&[&body]);
    for secret in [ROMEO.password, CANARY] {
        assert!(!wire.all().contains(secret), "{}", wire.all());
    }
    // The login as it was: a SCRAM exchange has the name in it, in base64.
    assert!(open.all().contains("→ stream") && !open.all().contains('←') && !open.all().contains("[masked]"));
    drop((wire, open));
    daemon.stop();
    let log = daemon.log();
    for secret in [ROMEO.password, CANARY, "<body", "<presence"] {
        assert!(!log.contains(secret), "{secret:?} in the log");
    }
}

#[test]
fn who_begins_to_watch_later_sees_the_next_whole_element() {
    let Some(server) = present("wire", Server::start(Kind::Prosody13)) else { return };
    let home = home(&server, Tls::Direct, ROMEO);
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online"]).code, 0);
    let mut wire = Following::start(&home, &["xml", "watch", "--in"]);
    watched(&home, 1);
    let Some(mut juliet) = present("slixmpp", Contact::login(&server, Tls::Direct, JULIET)) else { return };
    wire.until(&["home", "← stanza", "<presence ", "juliet"]);
    juliet.tell("message", &serde_json::json!({"to": ROMEO.jid(), "body": CANARY}));
    wire.until(&["← stanza", "<message ", "<body>[masked]</body>"]);
    assert!(!wire.all().contains(CANARY) && !wire.all().contains('→'), "{}", wire.all());
    // An account that starts anew is watched again.
    assert_eq!(home.ctl(&["account", "disconnect"]).code, 0);
    wire.until(&["← stream", "</stream:stream>"]);
    assert_eq!(home.ctl(&["account", "connect"]).code, 0);
    wire.until(&["← stream", "<stream:stream "]);
}

#[test]
fn the_wire_is_on_the_socket_only_and_of_accounts_that_there_are() {
    let Some(server) = present("wire", Server::start(Kind::Prosody13)) else { return };
    let home = home(&server, Tls::Direct, ROMEO);
    let _daemon = home.start();
    let answer = home.ctl(&["-a", "nobody", "xml", "watch"]);
    assert_eq!(answer.code, 10, "{answer:?}");
    let answer = home.ctl(&["xml", "watch", "--in", "--out"]);
    assert_eq!(answer.code, 2, "{answer:?}");
}
