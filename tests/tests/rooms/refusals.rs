//! What cannot be entered: who asks is told why, and nothing waits for it without end.

use xmppd_tests::server::Kind;
use xmppd_tests::server::people::{JULIET, ROMEO};

use super::stage::{HALL, on_each};

#[test]
fn a_person_is_no_room_and_can_be_written_to_afterwards() {
    on_each("rooms: a person", |mut stage, _daemon| {
        let person = JULIET.jid();
        let refused = stage.home.ctl(&["room", "join", &person, "-t", "25s"]);
        assert_eq!(refused.code, 6, "{:?}: {refused:?}", stage.kind);
        assert!(refused.stderr.contains("room"), "{refused:?}");
        assert!(stage.home.ctl(&["room", "list"]).stderr.contains("no room"), "{:?}", stage.kind);
        assert_eq!(stage.home.ctl(&["room", "leave", &person]).code, 10, "{:?}", stage.kind);
        assert_eq!(stage.home.ctl(&["send", &person, "Good morrow"]).code, 0, "{:?}", stage.kind);
        stage.juliet.wait_for("a chat", |seen| seen["body"] == "Good morrow" && seen["type"] == "chat");
    });
}

#[test]
fn what_waits_for_a_room_that_lets_nobody_in_is_set_aside_with_the_reason() {
    on_each("rooms: not let in", |mut stage, _daemon| {
        stage.join(&[]);
        assert_eq!(stage.home.ctl(&["status", "offline"]).code, 0);
        stage.wait_in_line("From afar");
        stage.admin(&format!("<item jid='{}' affiliation='outcast'/>", ROMEO.jid()));
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.home.ctl(&["wait", "outbox", "empty", "-t", "30s"]).code, 13, "{:?}", stage.kind);
        let list = stage.home.json(&["outbox", "list"]);
        let aside = &list["messages"][0];
        let why = aside["reason"].as_str().is_some_and(|reason| reason.starts_with("forbidden"));
        assert!(aside["state"] == "failed" && why, "{:?}: {list}", stage.kind);
        let id = aside["id"].as_str().unwrap_or_default();
        for verb in [&["send", HALL, "Once more"][..], &["outbox", "retry", id]] {
            let refused = stage.home.ctl(verb);
            assert_eq!(refused.code, 6, "{:?}: {refused:?}", stage.kind);
        }
        stage.admin(&format!("<item jid='{}' affiliation='member'/>", ROMEO.jid()));
        assert_eq!(stage.join(&[])["state"], "joined");
        let sent = stage.home.ctl(&["outbox", "retry", id]);
        assert_eq!(sent.code, 0, "{:?}: {sent:?}", stage.kind);
        stage.heard("From afar");
    });
}

#[test]
fn who_was_kicked_is_told_so_when_he_speaks() {
    on_each("rooms: kicked and silent", |mut stage, _daemon| {
        stage.join(&[]);
        stage.admin("<item nick='romeo' role='none'><reason>No masks here</reason></item>");
        stage.wait_for_state("kicked");
        let refused = stage.home.ctl(&["send", HALL, "But"]);
        assert_eq!(refused.code, 6, "{:?}: {refused:?}", stage.kind);
        assert!(refused.stderr.contains("No masks here") && refused.stderr.contains("room join"), "{refused:?}");
        assert!(stage.home.ctl(&["outbox", "list"]).stderr.contains("empty"));
        assert_eq!(stage.join(&[])["state"], "joined");
        stage.send("Better");
    });
}

#[test]
fn who_writes_to_a_room_that_is_not_entered_is_told_how_to_enter() {
    on_each("rooms: not entered", |stage, _daemon| {
        let refused = stage.home.ctl(&["send", HALL, "Who is there?"]);
        // ejabberd takes it first, and says so later.
        if stage.kind == Kind::Ejabberd && refused.code == 0 {
            assert_eq!(stage.home.ctl(&["wait", "outbox", "empty", "-t", "20s"]).code, 13, "{refused:?}");
            return;
        }
        assert_eq!(refused.code, 6, "{:?}: {refused:?}", stage.kind);
        assert!(refused.stderr.contains(&format!("xmppctl room join {HALL}")), "{:?}: {refused:?}", stage.kind);
    });
}
