//! What cannot be entered: who asks is told why, and nothing waits for it without end.

use xmppd_tests::server::people::JULIET;

use super::stage::on_each;

#[test]
fn a_person_is_no_room_and_can_be_written_to_afterwards() {
    on_each("rooms: a person", |mut stage, _daemon| {
        let person = JULIET.jid();
        let refused = stage.home.ctl(&["room", "join", &person, "-t", "25s"]);
        assert_eq!(refused.code, 6, "{:?}: {refused:?}", stage.kind);
        assert!(refused.stderr.contains("room"), "{refused:?}");
        assert!(stage.home.ctl(&["room", "list"]).stdout.contains("no room"), "{:?}", stage.kind);
        assert_eq!(stage.home.ctl(&["room", "leave", &person]).code, 10, "{:?}", stage.kind);
        assert_eq!(stage.home.ctl(&["send", &person, "Good morrow"]).code, 0, "{:?}", stage.kind);
        stage.juliet.wait_for("a chat", |seen| seen["body"] == "Good morrow" && seen["type"] == "chat");
    });
}
