//! The verbs that choose a tune and explain the choice, against a daemon of scripted lines.

use crate::support::{Daemon, Script, golden};
use crate::verbs::check;
use serde_json::json;

#[test]
fn wishes_are_asked_for_and_confirmed() {
    let mut held = golden("reply/tune-held");
    held["until"] = json!("2999-01-01T12:00:00Z");
    let daemon = Daemon::start(vec![Script::Result(held)]);
    let run = daemon.run(&["tune", "hold", "--for", "1h"]);
    assert_eq!(daemon.requests(), [r#"tune.hold {"for_ms":3600000}"#]);
    assert!(run.stdout.starts_with("held until 2999-01-01 "), "{run:?}");
    assert!(run.stdout.ends_with(": publishing the tune is held\n"), "{run:?}");

    let off = || golden("reply/tune-off");
    let stays = "off: switched off with `tune off`\n";
    check(&["tune", "hold"], "tune.hold {}", off(), stays);
    check(&["tune", "resume", "-q"], "tune.resume {}", off(), "");
    check(&["tune", "skip"], "tune.skip {}", off(), stays);
    let pinned = "Ondes Lentes – Marée\nplaying (mpv)\nmpv is pinned\n";
    check(&["tune", "use", "mpv"], r#"tune.use {"player":"mpv"}"#, golden("reply/tune-pinned"), pinned);
    check(&["tune", "use", "auto"], r#"tune.use {"player":"auto"}"#, off(), stays);
    let set = r#"tune.set {"for_ms":1200000,"title":"Vinyl"}"#;
    check(&["tune", "set", "--title", "Vinyl", "--for", "20m"], set, off(), stays);
}

#[test]
fn an_explanation_is_a_page_a_table_of_players_and_one_of_accounts() {
    let mut told = golden("reply/tune.explain");
    for account in told["accounts"].as_array_mut().unwrap() {
        account["last"]
            .as_object_mut()
            .into_iter()
            .for_each(|last| drop(last.insert("at".into(), json!("2999-01-01T12:00:00Z"))));
    }
    let daemon = Daemon::start(vec![Script::Result(told)]);
    let run = daemon.run(&["tune", "explain", "mpv"]);
    assert_eq!(daemon.requests(), [r#"tune.explain {"player":"mpv"}"#]);
    let players = "\
Ondes Lentes – Marée
playing (mpv)
mpv is pinned

   PLAYER   STATE    RULE            WHY                                TUNE
*  mpv      playing  allow \"*\"       it is pinned, and goes before vlc  Ondes Lentes – Marée
   firefox  playing  deny \"firefox\"  its rule denies it

";
    assert!(run.stdout.starts_with(players), "{}", run.stdout);
    let accounts: Vec<&str> = run.stdout[players.len()..].lines().collect();
    for (line, (begin, end)) in accounts.iter().zip([
        ("ACCOUNT  PUBLISHES ", "ANSWER"),
        ("home     yes ", "accepted"),
        (
            "away     the server refused the tune: conflict  Ondes Lentes – Marée",
            "the server refused the tune: conflict",
        ),
        ("work     not online ", "accepted"),
        ("idle     tune = false in the configuration", ""),
    ]) {
        assert!(line.starts_with(begin) && line.ends_with(end), "{line}");
    }
    assert!(accounts[3].contains("  nothing  "), "{accounts:?}");
}

#[test]
fn a_rendered_template_is_data_and_what_is_said_of_it_is_not() {
    let rendered = r#"tune.render {"template":"{title}"}"#;
    check(&["tune", "render", "{title}"], rendered, golden("reply/tune.render"), "♪ Marée by Ondes Lentes\n");
    let daemon = Daemon::start(vec![Script::Result(golden("reply/tune.render-sample"))]);
    let run = daemon.run(&["tune", "render", "{album}"]);
    let notes =
        "note: nothing plays; tried with Ondes Lentes – Marée\nnote: no name in it has a value, so there is no text\n";
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", notes));
}
