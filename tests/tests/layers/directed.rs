//! What one contact is told in place of what all are told.

use serde_json::json;
use xmppd_tests::server::people::JULIET;

use super::stage::stage;

#[test]
fn one_contact_is_told_something_of_their_own_until_it_is_taken_back() {
    let Some(mut stage) = stage("to one", "") else { return };
    let juliet = JULIET.jid();
    stage.set(&["status", "away", "For you", "--to", &juliet]);
    stage.sees("For you");
    let status = stage.home.json(&["status"])["accounts"][0].clone();
    assert_eq!(status["directed"], json!([{"to": juliet, "show": "away", "status": "For you"}]));
    assert_eq!(status["effective"]["show"], "online");
    assert!(stage.home.ctl(&["status", "layers"]).stdout.contains(&format!("for {juliet} alone")));
    // Behind what all are told they hear their own again, in a new session too.
    stage.set(&["status", "dnd", "For all"]);
    stage.sees("For all");
    stage.sees("For you");
    stage.set(&["account", "disconnect"]);
    stage.gone();
    stage.set(&["account", "connect"]);
    stage.sees("For you");
    stage.set(&["status", "clear", "--to", &juliet]);
    stage.sees("For all");
    assert_eq!(stage.home.ctl(&["status", "clear", "--to", &juliet]).code, 10);
    // With an end it goes by itself.
    stage.set(&["status", "chat", "A while", "--to", &juliet, "--for", "2s"]);
    stage.sees("A while");
    stage.sees("For all");
    for words in [&["offline", "--to", &juliet][..], &["away", "--to", "@@"], &["invisible", "--to", &juliet]] {
        assert_eq!(stage.home.ctl(&[&["status"], words].concat()).code, 2, "{words:?}");
    }
}
