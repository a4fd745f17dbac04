//! What happens to the connection and to the process between us and a room: nothing is lost, nothing is doubled, and
//! nobody in the room sees us leave.

use serde_json::Value;
use xmppd_tests::relay::{Cut, Plan};
use xmppd_tests::wait;

use super::stage::{HALL, Stage, behind_a_relay};

/// The texts that the history has of the hall.
fn history(stage: &Stage) -> Vec<String> {
    let report = stage.home.json(&["history", HALL, "--limit", "100"]);
    let messages = report["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().filter_map(|message| message["body"].as_str()).map(str::to_owned).collect()
}

fn is_gone(seen: &Value) -> bool {
    seen["bare"] == HALL && seen["resource"] == "romeo" && seen["type"] == "unavailable"
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts
}

#[test]
fn restarts_and_cuts_lose_and_double_no_word_and_nobody_sees_us_leave() {
    behind_a_relay("rooms: restarts and cuts", |mut stage, relay, _daemon| {
        stage.join(&[]);
        stage.juliet.wait_for_presence(HALL, "romeo in the hall", |seen| seen["resource"] == "romeo");
        let (mut mine, mut all) = (Vec::new(), Vec::new());
        for round in 0..4 {
            for word in ["before", "meanwhile", "after"] {
                let (ours, hers) = (format!("mine {round} {word}"), format!("hers {round} {word}"));
                match (word, round % 2) {
                    ("meanwhile", 0) => assert_eq!(stage.home.ctl(&["daemon", "restart"]).code, 0),
                    ("meanwhile", _) => {
                        relay.plan(Plan { refuse: true, ..Plan::default() });
                        relay.cut(Cut::Reset);
                    }
                    _ => {}
                }
                stage.say(&hers);
                let sent = stage.home.ctl(&["send", HALL, &ours, "-t", "30s"]);
                assert_eq!(sent.code, 0, "{:?}: {sent:?}", stage.kind);
                relay.plan(Plan::default());
                all.extend([ours.clone(), hers]);
                mine.push(ours);
            }
            assert_eq!(stage.home.ctl(&["account", "connect", "-t", "30s"]).code, 0);
            stage.wait_for_state("joined");
        }
        let heard = stage.heard("mine 3 after");
        let ours: Vec<String> = heard.into_iter().filter(|text| text.starts_with("mine")).collect();
        assert_eq!(ours, mine, "{:?}: what we said, in its order", stage.kind);
        let whole = wait::until(wait::SOON * 2, || (history(&stage).len() >= all.len()).then_some(()));
        assert_eq!(sorted(history(&stage)), sorted(all), "{:?}: {whole:?}", stage.kind);
        let gone = stage.juliet.seen().iter().find(|seen| is_gone(seen));
        assert_eq!(gone, None, "{:?}: she sees him leave", stage.kind);
        let unread = stage.home.json(&["unread"]);
        let chats = unread["accounts"][0]["chats"].as_array().cloned().unwrap_or_default();
        assert!(chats.iter().any(|chat| chat["jid"] == HALL && chat["unread"] == 12), "{:?}: {unread}", stage.kind);
    });
}

#[test]
fn who_is_invisible_is_in_no_room_and_comes_back() {
    behind_a_relay("rooms: invisible", |mut stage, _relay, _daemon| {
        stage.join(&[]);
        stage.juliet.wait_for_presence(HALL, "romeo in the hall", |seen| seen["resource"] == "romeo");
        // A server that cannot hide anybody is told no presence at all.
        assert_eq!(stage.home.ctl(&["account", "disconnect"]).code, 0);
        stage.juliet.wait_for("romeo gone", is_gone);
        assert_eq!(stage.home.ctl(&["status", "invisible", "--no-wait"]).code, 0);
        assert_eq!(stage.home.ctl(&["account", "connect", "-t", "30s"]).code, 0);
        assert_eq!(stage.wait_for_state("left")["autojoin"], true);
        let joined = stage.home.ctl(&["room", "join", HALL]);
        assert!(joined.code != 0 && joined.stderr.contains("invisible"), "{:?}: {joined:?}", stage.kind);
        let sent = stage.home.ctl(&["--json", "send", HALL, "From nowhere"]);
        assert!(sent.code == 0 && sent.stdout.contains("queued"), "{:?}: {sent:?}", stage.kind);
        assert_eq!(stage.home.ctl(&["status", "online"]).code, 0);
        assert_eq!(stage.heard("From nowhere"), ["From nowhere"]);
        stage.wait_for_state("joined");
    });
}

#[test]
fn a_stream_that_is_resumed_shows_the_room_nothing_at_all() {
    behind_a_relay("rooms: resumed", |mut stage, relay, _daemon| {
        stage.join(&[]);
        stage.juliet.wait_for_presence(HALL, "romeo in the hall", |seen| seen["resource"] == "romeo");
        let is_shown = |seen: &Value| seen["event"] == "presence" && seen["from"] == format!("{HALL}/romeo");
        let before = stage.juliet.seen().iter().filter(|seen| is_shown(seen)).count();
        let resumed = || account_of(&stage)["stream"]["resumed"] == true;
        assert!(!resumed(), "{:?}", stage.kind);
        relay.plan(Plan { refuse: true, ..Plan::default() });
        relay.cut(Cut::Reset);
        let queued = stage.home.ctl(&["send", HALL, "Mine meanwhile", "-t", "30s"]);
        assert_eq!(queued.code, 0, "{:?}: {queued:?}", stage.kind);
        stage.say("Hers meanwhile");
        relay.plan(Plan::default());
        assert_eq!(stage.home.ctl(&["account", "connect", "-t", "30s"]).code, 0);
        assert!(account_of(&stage)["stream"]["resumed"] == true, "{:?}: {}", stage.kind, account_of(&stage));
        stage.send("Mine after");
        let heard = stage.heard("Mine after");
        assert_eq!(heard, ["Hers meanwhile", "Mine meanwhile", "Mine after"], "{:?}", stage.kind);
        let after = stage.juliet.seen().iter().filter(|seen| is_shown(seen)).count();
        assert_eq!(after, before, "{:?}: what she is shown of him", stage.kind);
    });
}

/// What is known of romeo's account.
fn account_of(stage: &Stage) -> Value {
    stage.home.json(&["account", "list"])["accounts"][0].clone()
}
