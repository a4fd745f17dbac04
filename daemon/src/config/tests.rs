//! What the configuration promises: the contract's file is read, and every fault of another one is told in its place.

use std::path::Path;

use serde_json::json;

use super::check::Surroundings;
use super::load::parse;
use super::*;
use crate::places::Environment;
use crate::testing::Folder;

fn read(text: &str) -> Result<Config, Vec<String>> {
    let environment = Environment::of([("HOME", "/h")]);
    let around = Surroundings { environment: &environment, is_private: true };
    let placed = |fault: problem::Fault| fault.placed(Path::new("config.toml"), text).to_string();
    parse(text, &around).map_err(|faults| faults.into_iter().map(placed).collect())
}

/// The text has exactly these faults, each given by what its line begins with.
fn check_faults(text: &str, expected: &[&str]) {
    let faults = read(text).unwrap_err();
    let fits =
        faults.len() == expected.len() && faults.iter().zip(expected).all(|(fault, start)| fault.starts_with(start));
    assert!(fits, "{text}\n{faults:#?}");
}

const CONTRACT: &str = r#"
[[account]]
name = "home"
jid = "romeo@verona.example/balcony"
password-command = ["pass", "show", "xmpp/romeo"]
server = "chat.verona.example:5222"
tls = "auto"
ca-file = "/dev/null"
priority = 5
enabled = true
tune = true
[presence]
show = "online"
status = ""
away-after = "10m"
xa-after = "30m"
[tune]
enabled = true
publish = ["pep", "status"]
status = "♪ {artist} – {title}"
status-when = "empty"
settle = "3s"
on-pause = "clear"
allow = ["*"]
deny = ["firefox", "chromium", "chrome", "brave", "playerctld", "kdeconnect"]
deny-url = ["file:///home/*/Private/*"]
publish-url = false
[webhook]
listen = "127.0.0.1:8080"
token-file = "~/.config/xmppd/webhook.token"
[messages]
history = true
keep = "90d"
notify = true
"#;

#[test]
fn the_contracts_own_example_is_read() {
    let config = read(CONTRACT).unwrap();
    let account = &config.accounts[0];
    assert_eq!((account.name.as_str(), account.jid.as_str()), ("home", "romeo@verona.example"));
    assert_eq!(account.resource.as_ref().map(|part| part.as_str()), Some("balcony"));
    assert_eq!(
        account.password,
        Some(PasswordSource::Command(["pass", "show", "xmpp/romeo"].map(String::from).into()))
    );
    assert_eq!(config.webhook.unwrap().token_file, Path::new("/h/.config/xmppd/webhook.token"));
    assert_eq!(config.presence.away_after, Some(Duration::from_secs(600)));
    assert_eq!(config.presence.status, None);
    let deny: Vec<String> =
        ["firefox", "chromium", "chrome", "brave", "playerctld", "kdeconnect"].map(String::from).into();
    assert!(deny.iter().all(|name| Tune::default().deny.contains(name)), "what it denies is denied without it");
    let defaults = Tune { deny, deny_url: vec!["file:///home/*/Private/*".into()], ..Tune::default() };
    assert_eq!(config.tune, defaults);
    assert_eq!(config.messages, Messages::default());
}

#[test]
fn an_empty_file_is_a_configuration_without_accounts() {
    let config = read("").unwrap();
    assert_eq!(config.notes(), ["no account is configured"]);
    assert!(config.webhook.is_none());
    let filter = read("[tune]\nfilter = ['/bin/sh', '-c']").unwrap().tune.filter;
    assert_eq!(filter, Some(["/bin/sh", "-c"].map(String::from).into()));
    assert_eq!((config.accounts.len(), config.presence, config.tune), (0, Presence::default(), Tune::default()));
}

#[test]
fn what_is_right_but_without_effect_is_noted() {
    let config = read("[[account]]\njid = 'a@b'\n[presence]\npublish-idle = true\n").unwrap();
    assert_eq!(
        config.notes(),
        [
            "account a@b has no password source, and the desktop keyring is not asked yet",
            "presence.publish-idle has no effect without away-after or xa-after",
        ]
    );
}

#[test]
fn an_account_needs_a_jid_alone() {
    let config = read("[[account]]\njid = 'romeo@verona.example'").unwrap();
    let account = &config.accounts[0];
    assert_eq!(account.name, "romeo@verona.example");
    assert_eq!((account.password.as_ref(), account.priority, account.tls), (None, 0, TlsPolicy::Auto));
    assert!(account.enabled && account.tune && account.resource.is_none());
}

#[test]
fn all_faults_are_told_at_once_with_line_column_and_key() {
    check_faults(
        "[[account]]\njid = 'verona.example'\ntls = \"plain\"\npriority = 128\nserver = 5222\n\n[tune]\nsettle = '3'\nenable = true\n",
        &[
            "config.toml:2:7: account.jid: expected a JID such as romeo@verona.example, found \"verona.example\"",
            "config.toml:3:7: account.tls: expected one of auto, direct, starttls, found \"plain\"",
            "config.toml:4:12: account.priority: expected an integer from -128 to 127, found 128",
            "config.toml:5:10: account.server: expected a text in quotes, found 5222",
            "config.toml:8:10: tune.settle: expected a duration such as 90s, 25m, 1h30m or 2d, found \"3\"",
            "config.toml:9:1: tune.enable: unknown key; did you mean enabled?",
        ],
    );
}

#[test]
fn what_is_no_toml_is_told_by_its_place() {
    check_faults("[presence]\nshow = \n", &["config.toml:2:8: "]);
    check_faults("a = 1\na = 2\n", &["config.toml:2:1: duplicate key"]);
}

#[test]
fn unknown_tables_and_wrong_kinds_of_tables_are_faults() {
    check_faults("[acount]\n", &["config.toml:1:2: acount: unknown key; did you mean account?"]);
    check_faults(
        "[account]\n",
        &["config.toml:1:1: account: expected tables, each written [[account]], found a table"],
    );
    check_faults("presence = 1\n", &["config.toml:1:12: presence: expected a table, written [presence], found 1"]);
    check_faults("[[account]]\n", &["config.toml:1:1: account.jid: is missing"]);
    check_faults(
        "[webhook]\nlisten = '0.0.0.0:80'",
        &["config.toml:1:1: webhook.token-file: is missing", "config.toml:2:10: webhook.listen: expected a loopback"],
    );
    check_faults(
        "[webhook]\nlisten = '127.0.0.1:8080'\ntoken-file = '~/t'\npath = '/a?b'\nexpire = '0s'",
        &["config.toml:4:8: webhook.path: expected a path", "config.toml:5:10: webhook.expire: expected a duration"],
    );
    check_faults("[tune]\nfilter = []", &["config.toml:2:10: tune.filter: expected a program and its arguments"]);
    check_faults("[tune]\nfilter = 'cat -u'", &["config.toml:2:10: tune.filter: expected a list"]);
    for word in ["no-such-program", "cat", "~/no-such", "/etc/passwd", "./here", "/"] {
        let start = format!("config.toml:2:10: tune.filter: there is no program {word:?}");
        check_faults(&format!("[tune]\nfilter = ['{word}', 'x']"), &[&start]);
    }
}

#[test]
fn a_password_has_one_source() {
    let account = "[[account]]\njid = 'a@b'\n";
    check_faults(
        &format!("{account}password-file = '/x'\npassword-credential = 'x'\n"),
        &[
            "config.toml:4:23: account.password-credential: an account has one source of its password, and password-file",
        ],
    );
    check_faults(
        &format!("{account}password-command = []\n"),
        &["config.toml:3:20: account.password-command: expected"],
    );
    check_faults(
        &format!("{account}password-file = 'x'\n"),
        &["config.toml:3:17: account.password-file: expected a path"],
    );
    check_faults(&format!("{account}password = ''\n"), &["config.toml:3:12: account.password: is empty"]);
}

#[test]
fn no_fault_repeats_a_password() {
    for text in
        ["password = 1234", "password = [1234]", "password = \"\"\"1234", "password = 'x1234\ny'", "password = 1234 5"]
    {
        let faults = read(&format!("[[account]]\njid = 'a@b'\n{text}\n")).unwrap_err();
        assert!(!faults.concat().contains("1234"), "{faults:?}");
    }
    let config = read("[[account]]\njid = 'a@b'\npassword = 'canary'").unwrap();
    assert!(!format!("{config:?} {}", config.values()).contains("canary"));
}

#[test]
fn names_are_unique_and_anchors_readable() {
    let twice = "[[account]]\njid = 'a@b'\n[[account]]\nname = 'a@b'\njid = 'c@d'\n";
    check_faults(twice, &["config.toml:4:8: account.name: there is another account"]);
    check_faults(
        "[[account]]\njid = 'a@b'\nca-file = '/nonexistent/ca.pem'\n",
        &["config.toml:3:11: account.ca-file: cannot be read: No such file"],
    );
    check_faults(
        "[[account]]\njid = 'a@b'\nca-file = '/'\n",
        &["config.toml:3:11: account.ca-file: cannot be read: Is a"],
    );
}

#[test]
fn values_outside_their_words_are_faults() {
    let check = |table: &str, line: &str| {
        let key = line.split_once(" =").unwrap().0;
        let column = key.len() + 4;
        check_faults(&format!("[{table}]\n{line}\n"), &[&format!("config.toml:2:{column}: {table}.{key}: expected ")]);
    };
    check("presence", "show = 'asleep'");
    check("presence", "status = \"a\\u0007\"");
    check("presence", "away-after = '0s'");
    check("tune", "publish = []");
    check("tune", "publish = ['pep', 'mood']");
    check("tune", "on-pause = 'stop'");
    check("tune", "allow = ['']");
    check("tune", "status-when = true");
    check("messages", "keep = '0d'");
    check("messages", "on-uncertain = 'resent'");
}

#[test]
fn patterns_and_templates_that_mean_nothing_are_faults() {
    let check = |line: &str, fault: &str| {
        let key = line.split_once(" =").unwrap().0;
        let column = key.len() + 4;
        check_faults(&format!("[tune]\n{line}\n"), &[&format!("config.toml:2:{column}: tune.{key}: {fault}")]);
    };
    let broken = "\"/(/\" cannot be used: not a regular expression";
    check("allow = ['*', '/(/']", broken);
    check("deny = ['/(/']", broken);
    check("deny-url = ['/(/']", broken);
    check("deny-file = ['//']", "\"//\" cannot be used: a pattern cannot be empty");
    check("status = '♪ {name}'", "is no template: character 4: there is no name \"name\"");
    check("publish-video = 'no'", "expected true or false");
    let tune = read("[tune]\ndeny-file = ['memo-*']\npublish-video = true\npublish-private = true\n").unwrap().tune;
    assert_eq!((tune.deny_file.len(), tune.publish_video, tune.publish_private), (1, true, true));
}

#[test]
fn a_pattern_for_chats_that_fits_none_is_a_fault() {
    for key in ["encrypted-only", "notify-deny"] {
        let check = |pattern: &str, fault: Option<&str>| {
            let text = format!("[messages]\n{key} = ['*@capulet.example', '{pattern}']\n");
            let expected = fault.map(|fault| format!("config.toml:2:{}: messages.{key}: {fault}", key.len() + 4));
            match expected {
                Some(expected) => check_faults(&text, &[&expected]),
                None => assert!(read(&text).is_ok(), "{text}"),
            }
        };
        for fits in
            ["nurse@verona.example", "Nurse@Verona.Example", "verona.example", "*", "*@*", "n?rse@*", "*verona.example"]
        {
            check(fits, None);
        }
        check("/^nurse@/", None);
        check(
            "nurse@verona.example/res",
            Some("\"nurse@verona.example/res\" has a resource, and none is looked at; write \"nurse@verona.example\""),
        );
        for fits_none in ["bad@@", "*@", "@verona.example", "a@*@b", "nurse @verona.example", "/nurse"] {
            let fault =
                format!("{fits_none:?} fits no address; write juliet@verona.example, *@capulet.example or /REGEX/");
            check(fits_none, Some(&fault));
        }
    }
}

#[test]
fn effective_values_are_found_by_their_dotted_keys() {
    let config = read(CONTRACT).unwrap();
    let check = |key, value: Option<serde_json::Value>| assert_eq!(config.value(key), value, "{key}");
    check("tune.settle", Some(json!("3s")));
    check("tune.publish", Some(json!(["pep", "status"])));
    check("account.home.jid", Some(json!("romeo@verona.example/balcony")));
    check("account.home.password-command", Some(json!(["pass", "show", "xmpp/romeo"])));
    let messages = json!({"history": true, "keep": "90d", "receipts": true, "encrypted-only": [], "notify": true,
        "notify-body": true, "notify-deny": [], "on-uncertain": "resend"});
    check("messages", Some(messages));
    for absent in ["", "tune.x", "account.home.x", "account.homer", "presence.status", "account.home.password"] {
        check(absent, None);
    }
}

#[test]
fn a_file_with_a_password_must_be_private() {
    let folder = Folder::new();
    let environment = Environment::default();
    let text = "[[account]]\njid = 'a@b'\npassword = 'secret'\n";
    let path = folder.write("config.toml", 0o644, text);
    let error = load(&path, &environment).unwrap_err().to_string();
    assert!(error.contains("config.toml:3:12: account.password:") && error.contains("0600"), "{error}");
    load(&folder.write("private.toml", 0o600, text), &environment).unwrap();
    load(&folder.write("shared.toml", 0o644, "[[account]]\njid = 'a@b'\n"), &environment).unwrap();
}

#[test]
fn a_file_that_cannot_be_read_says_what_to_do() {
    let folder = Folder::new();
    let environment = Environment::default();
    let missing = load(&folder.path().join("x.toml"), &environment).unwrap_err();
    assert!(missing.hint().unwrap().contains("[[account]]"));
    assert!(matches!(load(folder.path(), &environment), Err(LoadError::Unreadable { .. })));
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    assert!(matches!(load(&binary, &environment), Err(LoadError::Unreadable { .. })));
}

proptest::proptest! {
    #[test]
    fn any_text_gives_an_answer(text in "[\\[\\]a-z=\"'.\\-\n #0-9é\\\\{}]{0,200}") {
        let _ = read(&text);
    }
}
