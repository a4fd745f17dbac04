//! What a person types that cannot be meant.

use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;

use super::{NOWHERE, fails, holds};

#[test]
fn words_addresses_numbers_and_times_that_are_none_end_with_2() {
    let Some(home) = present("usage", Home::new(NOWHERE)) else { return };
    let _daemon = home.start();
    for words in [
        &["sing"][..],
        &["status", "sleepy"],
        &["status", "--priority", "5"],
        &["status", "dnd", "text", "more"],
        &["status", "dnd", "--priority", "128"],
        &["status", "dnd", "--priority", "-129"],
        &["status", "dnd", "--priority", "high"],
        &["-t", "5 minutes", "wait", "online"],
        &["-t", "-1s", "wait", "online"],
        &["-t", "1s1h", "wait", "online"],
        &["wait", "sunshine"],
        &["wait"],
        &["wait", "contact"],
        &["wait", "contact", "@verona.example"],
        &["wait", "contact", "juliet@verona.example", "sleepy"],
        &["send", "@verona.example", "text"],
        &["send", "juliet@verona.example", ""],
        &["send", "juliet@verona.example", " \n "],
        &["send", "juliet@verona.example", "text", "--type", "shout"],
        &["ping", "a b@verona.example"],
        &["tune", "set", "--length", "long", "--title", "T"],
        &["watch", "birds"],
        &["rpc", "status.set", "{\"show\":\"sleepy\"}"],
        &["rpc", "status.set", "{\"show\":"],
        &["rpc", "status.sing"],
        &["account", "connect", "home", "-a", "work"],
    ] {
        let (_, error) = fails(&home, 2, words);
        assert_eq!(error["kind"], "usage", "{words:?}: {error}");
    }
}

#[test]
fn an_unknown_account_is_not_found_and_the_known_ones_are_listed() {
    let Some(home) = present("usage", Home::new(NOWHERE)) else { return };
    let _daemon = home.start();
    for words in [
        &["-a", "work", "status"][..],
        &["-a", "work", "status", "dnd"],
        &["-a", "work", "roster"],
        &["-a", "work", "account", "list"],
        &["account", "connect", "work"],
        &["account", "disconnect", "work"],
        &["-a", "work", "send", "juliet@verona.example", "text"],
        &["-a", "work", "ping"],
        &["-a", "work", "wait", "online"],
    ] {
        let (person, error) = fails(&home, 10, words);
        holds(&person, "no account work");
        holds(&person, "home");
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("home")), "{words:?}: {error}");
    }
}

#[test]
fn without_a_daemon_every_verb_ends_with_8_and_a_hint() {
    let Some(home) = present("usage", Home::new(NOWHERE)) else { return };
    for words in [
        &["status"][..],
        &["status", "dnd", "Good night"],
        &["tune"],
        &["roster"],
        &["account", "list"],
        &["send", "juliet@verona.example", "text"],
        &["wait", "online"],
        &["watch"],
        &["ping"],
        &["doctor"],
        &["config", "reload"],
        &["daemon", "status"],
        &["daemon", "stop"],
        &["rpc", "status"],
    ] {
        let (person, error) = fails(&home, 8, words);
        holds(&person, "hint: ");
        assert!(error["hint"].is_string(), "{words:?}: {error}");
    }
}
