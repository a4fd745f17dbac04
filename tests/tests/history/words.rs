//! What is asked for: words, times, chats; and an answer to a question.

use serde_json::json;
use xmppd_tests::server::Kind;
use xmppd_tests::server::people::{JULIET, ROMEO};

use super::stage::{Stage, bodies, everywhere};

#[test]
fn the_history_is_searched_by_words_time_and_chat() {
    let Some(mut stage) = Stage::start("search", Kind::Prosody13, "") else { return };
    for text in ["But soft, what light", "It is the East", "and Juliet is the sun", "Über \"den\" Balkon* OR NEAR("] {
        stage.says(text);
    }
    stage.history(|messages| messages.len() == 4);
    stage.send("the light of the moon");
    let check = |words: &[&str], expected: &[&str]| {
        let report = stage.home.json(&[&["history"], words].concat());
        assert_eq!(bodies(report["messages"].as_array().expect("a list")), expected, "{words:?}");
    };
    check(&["--search", "light"], &["But soft, what light", "the light of the moon"]);
    check(&["--search", "THE light"], &["the light of the moon"]);
    check(&["--search", "lig*"], &["But soft, what light", "the light of the moon"]);
    check(&["--search", "lig"], &[]);
    check(&["--search", "uber balkon"], &["Über \"den\" Balkon* OR NEAR("]);
    check(&["--search", "\"den\" OR NEAR( *"], &["Über \"den\" Balkon* OR NEAR("]);
    check(&["--limit", "2"], &["Über \"den\" Balkon* OR NEAR(", "the light of the moon"]);
    check(&["--until", "1h"], &[]);
    check(&["--since", "1h", "--limit", "1"], &["the light of the moon"]);
    check(&[&JULIET.jid(), "--search", "sun"], &["and Juliet is the sun"]);
    check(&[&ROMEO.jid()], &[]);
    assert_eq!(stage.home.ctl(&["history", "--since", "some day"]).code, 2);
    assert_eq!(stage.home.ctl(&["history", "@@"]).code, 2);
    let shown = stage.home.ctl(&["history", "--limit", "1"]).stdout;
    assert!(shown.contains(&format!("→ {}  the light of the moon", JULIET.jid())), "{shown}");
}

#[test]
fn a_question_is_answered_by_the_first_message_that_fits_on_every_server() {
    everywhere("ask", "", |mut stage| {
        stage.says("yes, before you asked");
        stage.history(|messages| messages.len() == 1);
        let mut asker =
            stage.home.watch(&["--json", "ask", &JULIET.jid(), "Wilt thou?", "--match", "^(yes|no)", "-t", "20s"]);
        stage.juliet.wait_for("the question", |event| event["event"] == "message" && event["body"] == "Wilt thou?");
        stage.says("Hm");
        stage.says("no\nI mean it");
        let answer = asker.json();
        assert_eq!((&answer["body"], &answer["direction"]), (&json!("no\nI mean it"), &json!("in")), "{answer}");
        assert_eq!(asker.ended(), 0);
        let late = stage.home.ctl(&["ask", &JULIET.jid(), "And now?", "-t", "1s"]);
        assert_eq!((late.code, late.stdout.as_str()), (3, ""), "{late:?}");
        // Nobody answers oneself, and what has not left can be taken back.
        let oneself = stage.home.ctl(&["ask", &ROMEO.jid(), "And I?", "-t", "2s"]);
        assert_eq!((oneself.code, oneself.stdout.as_str()), (3, ""), "{oneself:?}");
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        let late = stage.home.ctl(&["ask", &JULIET.jid(), "And later?", "-t", "1s"]);
        assert!(late.code == 3 && late.stderr.contains("xmppctl outbox cancel"), "{late:?}");
        assert_eq!(stage.home.ctl(&["ask", &JULIET.jid(), "x", "--match", "("]).code, 2);
        assert_eq!(stage.home.ctl(&["ask", "@@", "x"]).code, 2);
    });
}
