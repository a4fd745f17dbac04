//! The layers of a presence, as a contact sees them: with an end, for a command, taken back, and over what befalls the
//! daemon.

#[path = "layers/command.rs"]
mod command;
#[path = "layers/directed.rs"]
mod directed;
#[path = "layers/scroll.rs"]
mod scroll;
#[path = "layers/stage.rs"]
mod stage;
#[path = "layers/timed.rs"]
mod timed;

use serde_json::json;
use stage::stage;

#[test]
fn taking_a_layer_back_shows_what_is_under_it() {
    let Some(mut stage) = stage("clear", "[presence]\nshow = \"chat\"\nstatus = \"at first\"\n") else { return };
    stage.set(&["status", "away", "Base"]);
    stage.set(&["status", "dnd", "Meeting", "--for", "1h"]);
    // What is under another layer changes nothing, and says so.
    let under = stage.home.ctl(&["status", "xa", "Under"]);
    assert_eq!(under.code, 0, "{under:?}");
    assert!(under.stderr.contains("timed is above it") && under.stderr.contains("status clear timed"), "{under:?}");
    stage.set(&["status", "clear"]);
    // With nothing above it, the base itself goes back to what the configuration starts with.
    stage.set(&["status", "clear"]);
    stage.set(&["status", "clear"]);
    stage.set(&["status", "dnd", "Again", "--until", "tomorrow 07:30"]);
    stage.set(&["status", "away", "Kept"]);
    stage.set(&["status", "clear", "base"]);
    stage.set(&["status", "clear", "command"]);
    stage.set(&["status", "clear", "timed"]);
    stage.saw(&["away Base", "dnd Meeting", "xa Under", "chat at first", "dnd Again", "chat at first"]);
}

#[test]
fn layers_are_told_with_who_wins_and_why() {
    let Some(mut stage) = stage("layers", "") else { return };
    stage.set(&["status", "away", "Base", "--priority", "3"]);
    stage.set(&["status", "dnd", "--until", "2999-01-01T00:00:00Z", "--then", "chat", "Free"]);
    let layers = stage.home.json(&["status", "layers"])["accounts"][0]["layers"].clone();
    let timed = json!({
        "layer": "timed", "show": "dnd", "until": "2999-01-01T00:00:00Z", "then": {"show": "chat", "status": "Free"},
        "decides": ["show"], "reason": "nothing is above it",
    });
    let base = json!({
        "layer": "base", "show": "away", "status": "Base", "priority": 3,
        "decides": ["status", "priority"], "reason": "timed leaves it open",
    });
    assert_eq!(layers, json!([timed, base]));
    let status = stage.home.json(&["status"])["accounts"][0].clone();
    assert_eq!(status["requested"], json!({"show": "dnd", "status": "Base", "priority": 3}));
    assert_eq!(status["effective"], status["requested"]);
    let people = stage.home.ctl(&["status", "layers"]).stdout;
    for part in ["timed", "2999-01-01", "then chat Free", "nothing is above it", "timed leaves it open"] {
        assert!(people.contains(part), "{part} in\n{people}");
    }
    stage.saw(&["away Base", "dnd Base"]);
}

#[test]
fn a_watcher_is_told_every_change_and_no_other() {
    let Some(mut stage) = stage("watch", "") else { return };
    let mut watching = stage.home.watch(&["status", "watch", "--json"]);
    let snapshot = watching.json();
    assert_eq!((&snapshot["event"], &snapshot["seq"]), (&json!("snapshot"), &json!(0)));
    assert_eq!(snapshot["status"]["accounts"][0]["layers"][0]["layer"], "base");
    stage.set(&["status", "dnd", "Meeting", "--for", "1h"]);
    let told = watching.wait_for_json("dnd", |line| line["effective"]["status"] == "Meeting");
    assert_eq!((&told["event"], &told["layers"][0]["layer"]), (&json!("status"), &json!("timed")));
    stage.set(&["status", "clear"]);
    let told = watching.wait_for_json("online", |line| line["effective"]["show"] == "online");
    assert_eq!(told["layers"].as_array().map(Vec::len), Some(1));
    let mut people = stage.home.watch(&["status", "watch"]);
    people.wait_for("online", |line| line.contains("online"));
    stage.set(&["status", "xa", "--until", "2999-01-01T00:00:00Z"]);
    people.wait_for("until when", |line| line.contains("xa") && line.contains("timed until 2999-01-01"));
    stage.saw(&["dnd Meeting", "online", "xa"]);
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_way_out() {
    let Some(mut stage) = stage("refusals", "") else { return };
    let check = |words: &[&str], parts: &[&str]| {
        let answer = stage.home.ctl(&[&["status"], words].concat());
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{words:?}: {answer:?}");
        for part in parts {
            assert!(answer.stderr.contains(part), "{words:?}: {part} in {answer:?}");
        }
        let json = stage.home.ctl(&[&["--json", "status"], words].concat());
        assert_eq!((json.code, json.stdout.as_str()), (2, ""), "{words:?}: {json:?}");
        assert!(json.stderr.starts_with("{\"error\":{\"code\":2,\"kind\":\"usage\","), "{words:?}: {json:?}");
    };
    let times = ["18:00", "tomorrow 07:30", "2027-01-31T18:00:00+01:00"];
    check(&["dnd", "--for", "5"], &["5s, 5m, 5h or 5d"]);
    check(&["dnd", "--for", "soon"], &["90s, 25m, 1h30m or 2d"]);
    check(&["dnd", "--for", "0s"], &["--for 90s, 25m, 1h30m or 2d"]);
    check(&["dnd", "--for", "9999999999d"], &["no calendar goes so far"]);
    check(&["dnd", "--until", "soon"], &times);
    check(&["dnd", "--until", "25:00"], &times);
    check(&["dnd", "--until", "2020-01-01T00:00:00Z"], &["is past", times[0], times[1], times[2]]);
    check(&["dnd", "--until", "2020-01-01T00:00:00Z", "--", "true"], &["is past", times[0]]);
    check(&["dnd", "--for", "5m", "--until", "18:00"], &["--for", "--until"]);
    check(&["dnd", "--then", "online"], &["--for", "--until"]);
    check(&["dnd", "--for", "5m", "--then", "gone"], &["`gone` is not one of: online"]);
    check(&["--for", "5m"], &["SHOW"]);
    check(&["dnd", "--for", "5m", "--then", "away", "--", "true"], &["--then"]);
    check(&["gone"], &["dnd (busy)", "clear, layers, watch"]);
    check(&["clear", "all"], &["command, scroll, timed, base"]);
    check(&["clear", "tune"], &["tune off"]);
    check(&["clear", "idle"], &["not yours to clear"]);
    check(&["layers", "--for", "5m"], &["status --help"]);
    check(&["watch", "Text"], &["status --help"]);
    stage.saw(&[]);
}

#[test]
fn an_account_that_is_offline_by_wish_is_there_for_a_while() {
    let Some(mut stage) = stage("for a while", "") else { return };
    stage.set(&["status", "offline"]);
    stage.gone();
    stage.set(&["status", "chat", "For a while", "--for", "2s", "-t", "20s"]);
    stage.juliet("he is back", |seen| seen["status"] == "For a while");
    stage.gone();
    let status = stage.home.eventually(&["status"], |status| status["accounts"][0]["connection"] == "offline");
    assert_eq!(status["accounts"][0]["requested"]["show"], "offline");
}
