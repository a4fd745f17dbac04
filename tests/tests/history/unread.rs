//! What nobody has read: counted, taken as read, told, and answered elsewhere.

use serde_json::json;
use xmppd_tests::contact::Contact;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, ROMEO};

use super::stage::everywhere;

#[test]
fn unread_messages_are_counted_and_read_by_hand_or_by_an_answer_from_elsewhere_on_every_server() {
    everywhere("unread", "", |mut stage| {
        let mut watcher = stage.home.watch(&["--json", "watch", "message"]);
        assert_eq!(watcher.json()["event"], "snapshot");
        let nothing = json!({"accounts": [{"account": "home", "unread": 0, "chats": []}]});
        assert_eq!(stage.home.json(&["unread"]), nothing);
        stage.says("Ay me");
        stage.says("O Romeo");
        let two =
            json!({"accounts": [{"account": "home", "unread": 2, "chats": [{"jid": JULIET.jid(), "unread": 2}]}]});
        stage.home.eventually(&["unread"], |report| *report == two);
        watcher.wait_for_json("two are unread", |event| event["event"] == "unread" && event["unread"] == 2);
        assert_eq!(stage.home.ctl(&["unread"]).stdout, format!("UNREAD  FROM\n2       {}\n", JULIET.jid()));
        stage.kill_and_start();
        assert_eq!(stage.home.json(&["unread"]), two);
        assert_eq!(stage.home.json(&["unread", "clear", &ROMEO.jid()]), two);
        assert_eq!(stage.home.json(&["unread", "clear", &JULIET.jid()]), nothing);
        let read = stage.home.ctl(&["unread"]);
        assert_eq!((read.stdout.as_str(), read.stderr.as_str()), ("", "all is read\n"));
        assert_eq!(stage.home.ctl(&["-q", "unread"]).stderr, "");
        let snapshot = stage.home.watch(&["--json", "watch", "message", "room"]).json();
        assert_eq!(snapshot["unread"], nothing);
        assert!(stage.history(|messages| messages.len() == 2).iter().all(|message| message["unread"].is_null()));
        stage.kill_and_start();
        assert_eq!(stage.home.json(&["unread"]), nothing);

        stage.says("Wherefore art thou Romeo");
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 1);
        let mut phone = Contact::login(&stage.server, Tls::Direct, ROMEO).expect("slixmpp is there");
        phone.tell("message", &json!({"to": JULIET.jid(), "body": "Call me but love"}));
        stage.home.eventually(&["unread"], |report| *report == nothing);
        stage.says("What man art thou");
        stage.home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 1);
        assert_eq!(stage.home.json(&["unread", "clear"]), nothing);
    });
}
