//! What came while there was no session: read from the archive of real servers, each message once and in its order.

use serde_json::json;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::talk::Talk;
use xmppd_tests::{account, wait};

/// More than two pages of the archive.
const LETTERS: usize = 120;

/// The texts that the watcher is told of, until the last one.
fn told(watcher: &mut Talk, last: &str) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let event = watcher.json_within(wait::SOON);
        if event["event"] == "message" {
            let text = event["body"].as_str().unwrap_or_default().to_owned();
            let is_last = text == last;
            texts.push(text);
            if is_last {
                return texts;
            }
        }
    }
}

#[test]
fn what_came_while_nobody_was_there_is_told_once_and_in_order_on_every_server() {
    for kind in [Kind::Prosody12, Kind::Prosody13, Kind::Ejabberd] {
        let Some(server) = present("the archive", Server::start(kind)) else { continue };
        let Some(mut juliet) = present("the archive", Contact::login(&server, Tls::Direct, JULIET)) else { continue };
        let Some(home) = present("the archive", Home::new(&account::romeo(&server, Tls::Direct))) else { continue };
        let mut daemon = home.start();
        assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0);
        juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "before"}));
        let mut watcher = home.watch(&["--json", "watch", "message"]);
        assert_eq!(watcher.json()["event"], "snapshot");
        juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "there"}));
        assert_eq!(told(&mut watcher, "there").last().map(String::as_str), Some("there"));
        // In the next life he begins offline, so that somebody watches before anything comes.
        assert_eq!(home.ctl(&["status", "offline"]).code, 0);
        daemon.stop();
        for number in 0..LETTERS {
            juliet.tell("message", &json!({"to": ROMEO.jid(), "body": format!("{number}")}));
        }
        juliet.tell("ping", &json!({"to": "verona.example"}));
        let _daemon = home.start();
        let mut watcher = home.watch(&["--json", "watch", "message"]);
        assert_eq!(watcher.json()["event"], "snapshot");
        assert_eq!(home.ctl(&["status", "online"]).code, 0);
        juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "at last"}));
        let mut expected: Vec<String> = (0..LETTERS).map(|number| number.to_string()).collect();
        expected.push("at last".into());
        assert_eq!(told(&mut watcher, "at last"), expected, "{kind:?}");
    }
}
