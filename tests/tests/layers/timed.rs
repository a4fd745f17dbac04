//! A status with an end: it ends once, by the wall clock, whatever befalls the daemon meanwhile.

use serde_json::{Value, json};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::people::MERCUTIO;
use xmppd_tests::verona::Verona;
use xmppd_tests::wait::{SOON, eventually};

use super::stage::stage;

/// The end that the answer to a status names.
fn end(answer: &Value) -> jiff::Timestamp {
    let until = answer["accounts"][0]["layers"][0]["until"].as_str().unwrap_or_default();
    until.parse().unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// Waits until the wall clock is past it.
fn is_past(end: jiff::Timestamp) {
    eventually("the clock is past the end", SOON, || (jiff::Timestamp::now() > end).then_some(()));
}

#[test]
fn a_status_with_an_end_ends_once_and_shows_what_is_under_it() {
    let Some(mut stage) = stage("--for", "") else { return };
    stage.set(&["status", "away", "Base"]);
    stage.set(&["status", "dnd", "Meeting", "--for", "1500ms"]);
    stage.sees("Meeting");
    stage.sees("Base");
    // A later one takes the place of an earlier one, and its end with it.
    stage.set(&["status", "dnd", "One", "--for", "1s", "--then", "xa", "Never"]);
    stage.set(&["status", "dnd", "Two", "--for", "1500ms"]);
    stage.sees("Base");
    stage.set(&["status", "dnd", "Three", "--for", "1s", "--then", "xa", "Lunch"]);
    stage.sees("Lunch");
    let status = stage.home.json(&["status"])["accounts"][0].clone();
    assert_eq!(status["requested"], json!({"show": "xa", "status": "Lunch", "priority": 0}));
    assert_eq!(status["layers"].as_array().map(Vec::len), Some(1), "{status}");
    stage.saw(&["away Base", "dnd Meeting", "away Base", "dnd One", "dnd Two", "away Base", "dnd Three", "xa Lunch"]);
}

#[test]
fn the_clock_of_the_wall_is_meant() {
    let Some(mut stage) = stage("--until", "") else { return };
    let before = jiff::Timestamp::now();
    let soon = jiff::Timestamp::from_millisecond(before.as_millisecond() + 1_500).expect("a time soon");
    stage.set(&["status", "dnd", "Until", "--until", &soon.to_string(), "--then", "online"]);
    stage.sees("Until");
    stage.juliet("he is free", |seen| seen["type"] == "available" && seen["status"] != "Until");
    assert!(jiff::Timestamp::now() >= soon);
    let answer = stage.home.json(&["status", "dnd", "--for", "1h"]);
    let lasts = end(&answer).as_second() - jiff::Timestamp::now().as_second();
    assert!((3_540..=3_601).contains(&lasts), "{lasts}: {answer}");
}

#[test]
fn an_end_that_comes_while_nothing_runs_is_the_end() {
    for (killed, then) in [(false, &[][..]), (true, &["--then", "chat", "Base"])] {
        let Some(mut stage) = stage("restart across an end", "") else { return };
        stage.set(&[
            "status",
            if then.is_empty() { "chat" } else { "away" },
            if then.is_empty() { "Base" } else { "Old" },
        ]);
        let answer = stage.home.json(&[&["status", "dnd", "Meeting", "--no-wait", "--for", "2s"], then].concat());
        let end = end(&answer);
        stage.sees("Meeting");
        if killed {
            stage.daemon.kill();
        } else {
            assert_eq!(stage.daemon.stop(), Some(0));
            stage.gone();
        }
        is_past(end);
        stage.daemon = stage.home.start();
        stage.juliet("what was under it, or follows", |seen| seen["type"] == "available" && seen["status"] == "Base");
        let layers = stage.home.json(&["status"])["accounts"][0]["layers"].clone();
        assert_eq!(layers.as_array().map(Vec::len), Some(1), "{layers}");
        assert_eq!((&layers[0]["show"], &layers[0]["status"]), (&json!("chat"), &json!("Base")));
        // What is asked for now is not undone by an end that has been.
        stage.set(&["status", "xa", "New"]);
        stage.sees("New");
        assert_eq!(stage.daemon.stop(), Some(0));
        stage.daemon = stage.home.start();
        stage.sees("New");
        let mut expected = vec![if then.is_empty() { "chat Base" } else { "away Old" }, "dnd Meeting"];
        expected.extend((!killed).then_some("gone"));
        expected.extend(["chat Base", "xa New", "gone", "xa New"]);
        stage.saw(&expected);
    }
}

#[test]
fn what_has_not_ended_goes_on_in_the_next_daemon_and_ends_there() {
    let Some(mut stage) = stage("restart before an end", "") else { return };
    stage.set(&["status", "away", "Base"]);
    stage.set(&["status", "dnd", "Long", "--for", "1h", "--priority", "7", "--then", "xa", "Later"]);
    let before = stage.home.json(&["status"])["accounts"][0]["layers"].clone();
    assert_eq!(stage.daemon.stop(), Some(0));
    stage.gone();
    stage.daemon = stage.home.start();
    stage.juliet("he is busy again", |seen| seen["status"] == "Long" && seen["priority"] == 7);
    assert_eq!(stage.home.json(&["status"])["accounts"][0]["layers"], before);
    stage.set(&["status", "dnd", "Short", "--for", "4s"]);
    assert_eq!(stage.home.ctl(&["daemon", "restart"]).code, 0);
    stage.home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == "online");
    stage.sees("Base");
    let daemon = &mut stage.daemon;
    assert!(daemon.process().ended().is_none(), "{}", daemon.log());
}

#[test]
fn each_account_has_its_own_layers() {
    let Some(mut verona) = present("two accounts", Verona::start()) else { return };
    let both = verona.romeo("") + &verona.account("work", MERCUTIO, "");
    let Some(home) = present("two accounts", Home::new(&both)) else { return };
    let _daemon = verona.enter(&home);
    let check = |words: &[&str], expected: [&str; 2]| {
        let answer = home.ctl(words);
        assert_eq!(answer.code, 0, "{words:?}: {answer:?}");
        let status = home.json(&["status"]);
        let shows = [0, 1].map(|account| status["accounts"][account]["requested"]["show"].clone());
        assert_eq!(shows, expected.map(|show| json!(show)), "{words:?}: {status}");
    };
    check(&["-a", "work", "status", "xa"], ["online", "xa"]);
    check(&["-a", "home", "status", "dnd", "Mine", "--for", "1h"], ["dnd", "xa"]);
    // What is above a base goes before any base does.
    check(&["status", "clear"], ["online", "xa"]);
    check(&["status", "chat", "Both", "--for", "1h"], ["chat", "chat"]);
    check(&["-a", "work", "status", "clear"], ["chat", "xa"]);
    check(&["-a", "work", "status", "clear"], ["chat", "online"]);
    check(&["-a", "all", "status", "clear", "timed"], ["online", "online"]);
    for verb in [&["dnd", "--for", "1h"][..], &["clear"], &["layers"], &["dnd", "--", "true"]] {
        let answer = home.ctl(&[&["-a", "nobody", "status"], verb].concat());
        assert_eq!(answer.code, 10, "{verb:?}: {answer:?}");
    }
}
