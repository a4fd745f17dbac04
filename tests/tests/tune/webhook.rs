//! Players that post what they play: from a raw request to what a contact sees, and everybody who is turned away.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use serde_json::json;
use xmppd_tests::cost::Cost;
use xmppd_tests::daemon::Home;
use xmppd_tests::player::scripted::ScriptedPlayer;
use xmppd_tests::process::free_port;
use xmppd_tests::server::Kind;
use xmppd_tests::wait::{SOON, eventually, until};

use crate::stage::{AT_ONCE, Stage, adas, configuration, nothing, plays};

pub const TOKEN: &str = "canary-0123456789-abcdef";

/// A stage with a webhook at a port, for `/GStatus`.
pub fn stage(test: &str, kind: Kind, tune: &str) -> Option<(Stage, u16)> {
    let mut stage = Stage::set(test, kind, tune)?;
    let port = free_port();
    open(&stage, port, tune);
    stage.mark();
    Some((stage, port))
}

/// Opens the webhook of a running daemon.
pub fn open(stage: &Stage, port: u16, tune: &str) {
    let token = stage.home.write("token", &format!("{TOKEN}\n"));
    let section = format!(
        "{tune}\n[webhook]\nlisten = \"127.0.0.1:{port}\"\npath = \"/GStatus\"\ntoken-file = {:?}",
        token.display().to_string()
    );
    stage.home.configure(&configuration(&stage.server, &section));
    stage.ctl(&["config", "reload"]);
    doctor(&stage.home, "webhook", |check| check["state"] == "ok");
}

/// Waits until `doctor` finds this of a part.
#[track_caller]
pub fn doctor(home: &Home, part: &str, fits: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let found = |report: &serde_json::Value| {
        let checks = report["checks"].as_array().cloned().unwrap_or_default();
        checks.into_iter().find(|check| check["check"] == part && fits(check))
    };
    eventually(&format!("doctor finds what it should of {part}"), SOON, || {
        let answer = home.ctl(&["--json", "doctor"]);
        found(&serde_json::from_str(&answer.stdout).ok()?)
    })
}

/// The answer to these bytes, until the connection is closed; empty when it is not to be had.
pub fn raw(port: u16, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    // Who is refused may be hung up on before it has said all.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of the answer to a post of this body with more lines of a head.
pub fn post(port: u16, path: &str, lines: &str, body: &[u8]) -> u16 {
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\nContent-Length: {}\r\n\r\n", body.len());
    let answer = raw(port, &[head.as_bytes(), body].concat());
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn form(port: u16, body: &str) -> u16 {
    post(port, &format!("/GStatus/{TOKEN}"), FORM, body.as_bytes())
}

fn json(port: u16, body: &serde_json::Value) -> u16 {
    let lines = format!("Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}");
    post(port, "/GStatus", &lines, body.to_string().as_bytes())
}

#[test]
fn what_is_posted_as_a_form_or_as_json_reaches_a_contact_until_it_stops() {
    for kind in Kind::ALL {
        let Some((mut stage, port)) = stage("a post", kind, AT_ONCE) else { continue };
        assert_eq!(form(port, "Song%5B0%5D%5BTitle%5D=Mar%C3%A9e&Song[0][Artist]=Ada&SongCount=1"), 200);
        stage.shows(Some("♪ Ada – Marée"), &adas("Marée"));
        let listed = stage.player("webhook", |player| player["chosen"] == true);
        let said = (&listed["bus_name"], &listed["rule"], &listed["state"]);
        assert_eq!(said, (&json!("webhook"), &json!("allow \"*\""), &json!("playing")), "{listed}");

        let song = json!({"title": "Terraces", "artist": "Ondes Lentes", "length": "1:17", "player": "foobar2000"});
        assert_eq!(json(port, &song), 200);
        stage.shows(Some("♪ Ondes Lentes – Terraces"), &crate::stage::terraces());
        assert_eq!(stage.home.json(&["tune"])["player"], "webhook");
        stage.player("webhook", |player| player["identity"] == "foobar2000");
        assert_eq!(json(port, &json!({"state": "paused"})), 200);
        stage.shows(None, &nothing());
        assert_eq!(json(port, &json!({"state": "playing"})), 200);
        stage.shows(Some("♪ Ondes Lentes – Terraces"), &crate::stage::terraces());
        assert_eq!(form(port, "Song[0][Title]="), 200);
        stage.shows(None, &nothing());
    }
}

#[test]
fn posts_are_one_more_player_for_rank_pin_and_rules() {
    let rank = format!("{AT_ONCE}\nallow = [\"webhook\", \"*\"]");
    let Some((mut stage, port)) = stage("rank of posts", Kind::Prosody12, &rank) else { return };
    let _mpv = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    assert_eq!(form(port, "title=Posted&artist=Ada"), 200);
    stage.shows(Some("♪ Ada – Posted"), &adas("Posted"));
    let why = stage.home.json(&["tune", "explain", "webhook"]);
    assert_eq!(why["players"][0]["why"], "it stands before mpv in allow", "{why}");
    stage.ctl(&["tune", "use", "mpv"]);
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    stage.ctl(&["tune", "use", "webhook"]);
    stage.shows(Some("♪ Ada – Posted"), &adas("Posted"));
    // An edition of the file that denies it holds for what it plays.
    open(&stage, port, &format!("{AT_ONCE}\ndeny = [\"webhook\"]"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    assert_eq!(stage.player("webhook", |_| true)["rule"], "deny \"webhook\"");
}

#[test]
fn a_post_is_gone_when_nothing_is_posted_for_as_long_as_is_configured() {
    let Some(mut stage) = Stage::set("posts expire", Kind::Prosody12, AT_ONCE) else { return };
    let port = free_port();
    let token = stage.home.write("token", TOKEN);
    let section =
        format!("{AT_ONCE}\n[webhook]\nlisten = \"127.0.0.1:{port}\"\nexpire = \"2s\"\ntoken-file = {token:?}");
    stage.home.configure(&configuration(&stage.server, &section));
    stage.ctl(&["config", "reload"]);
    doctor(&stage.home, "webhook", |check| check["state"] == "ok");
    assert_eq!(post(port, &format!("/tune/{TOKEN}"), FORM, b"title=Brief&artist=Ada"), 200);
    stage.shows(Some("♪ Ada – Brief"), &adas("Brief"));
    stage.shows(None, &nothing());
    assert_eq!(stage.home.json(&["tune", "players"])["players"], json!([]));
}

#[test]
fn the_webhook_is_there_only_while_the_configuration_says_so() {
    let Some(mut stage) = Stage::set("the webhook's door", Kind::Prosody12, AT_ONCE) else { return };
    let checks = stage.home.json(&["doctor"]);
    assert!(!checks.to_string().contains("webhook"), "{checks}");
    let (port, other) = (free_port(), free_port());
    let connects = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    assert!(!connects(port));
    open(&stage, port, AT_ONCE);
    assert_eq!(form(port, "title=A&artist=Ada"), 200);
    stage.shows(Some("♪ Ada – A"), &adas("A"));

    // Another token closes out who has the old one, without a gap in listening; another port moves it.
    stage.home.write("token", "another-0123456789-abcdef");
    stage.ctl(&["config", "reload"]);
    eventually("the old token is wrong", SOON, || (form(port, "title=B") == 401).then_some(()));
    open(&stage, other, AT_ONCE);
    eventually("the old port is closed", SOON, || (!connects(port)).then_some(()));
    assert_eq!(form(other, "title=C&artist=Ada"), 200);
    stage.shows(Some("♪ Ada – C"), &adas("C"));

    // A port that another program has is told, and taken as soon as it is free.
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let held = taken.local_addr().expect("it is bound").port();
    let section = |port| format!("{AT_ONCE}\n[webhook]\nlisten = \"127.0.0.1:{port}\"\ntoken-file = \"~/token\"");
    stage.home.configure(&configuration(&stage.server, &section(held)));
    stage.ctl(&["config", "reload"]);
    let failed = doctor(&stage.home, "webhook", |check| check["state"] == "failed");
    assert!(failed["message"].as_str().is_some_and(|text| text.contains("in use")), "{failed}");
    drop(taken);
    doctor(&stage.home, "webhook", |check| check["state"] == "ok");

    // So is a token that others can read; the song that came before goes.
    let open_to_all = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(stage.home.write("token", TOKEN), open_to_all).expect("it is ours");
    stage.ctl(&["config", "reload"]);
    let exposed = doctor(&stage.home, "webhook", |check| check["state"] == "failed");
    assert!(exposed["message"].as_str().is_some_and(|text| text.contains("chmod 600")), "{exposed}");
    stage.shows(None, &nothing());
    stage.home.configure(&configuration(&stage.server, AT_ONCE));
    stage.ctl(&["config", "reload"]);
    eventually("nothing listens", SOON, || (!connects(held)).then_some(()));
    assert!(!stage.home.json(&["doctor"]).to_string().contains("webhook"));
}

#[test]
fn who_is_not_let_in_changes_nothing() {
    let Some((mut stage, port)) = stage("hostile posts", Kind::Prosody12, AT_ONCE) else { return };
    let path = format!("/GStatus/{TOKEN}");
    let host = format!("Host: 127.0.0.1:{port}");
    let song = "title=Forged&artist=Eve";
    let length = format!("Content-Length: {}", song.len());
    let check = |first: &str, lines: &[&str], body: &str, expected: &str| {
        let answer = raw(port, format!("{first}\r\n{}\r\n\r\n{body}", lines.join("\r\n")).as_bytes());
        let status = answer.lines().next().unwrap_or_default();
        assert!(status.starts_with(&format!("HTTP/1.1 {expected}")), "{first} {lines:?}: {answer}");
        assert!(!answer.contains("Access-Control") && !answer.contains(TOKEN), "{answer}");
    };
    let post = format!("POST {path} HTTP/1.1");
    for method in ["GET", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"] {
        check(&format!("{method} {path}?{song} HTTP/1.1"), &[&host, FORM, &length], song, "405");
    }
    check("POST /GStatus HTTP/1.1", &[&host, FORM, &length], song, "401");
    check("POST /GStatus HTTP/1.1", &[&host, FORM, &length, "Authorization: Bearer x"], song, "401");
    check("POST /Other HTTP/1.1", &[&host, FORM, &length], song, "404");
    check(&post, &["Host: localhost", FORM, &length], song, "403");
    check(&post, &["Host: attacker.example", FORM, &length], song, "403");
    check(&post, &[&host, FORM, &length, "Origin: https://page.example"], song, "403");
    check(&post, &[&host, FORM, &length, "Sec-Fetch-Site: cross-site"], song, "403");
    check(&post, &[&host, "Content-Type: text/plain", &length], song, "415");
    check(&post, &[&host, FORM], song, "411");
    check(&post, &[&host, FORM, "Content-Length: 65537"], song, "413");
    check(&post, &[&host, FORM, "Transfer-Encoding: chunked"], "10001\r\n", "413");
    check(&post, &[&host, FORM, &length, "Transfer-Encoding: chunked"], song, "400");
    check(&post, &[&host, &format!("X: {}", "x".repeat(9000))], "", "431");
    check("\u{16}\u{3}\u{1} GET", &[], "", "400");
    let json = "Content-Type: application/json";
    check(&post, &[&host, json, &length], song, "400");
    check(&post, &[&host, FORM, "Content-Length: 9"], "title=%ff", "400");
    check(&post, &[&host, FORM, "Content-Length: 8"], "volume=9", "400");
    check(&post, &[&host, FORM, "Content-Length: 16"], "title=A&state=no", "400");
    assert_eq!(
        super::webhook::post(port, &path, json, format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000)).as_bytes()),
        400
    );
    assert_eq!(stage.home.json(&["tune", "players"])["players"], json!([]));

    // What is allowed is, whatever follows it, and cleaned like everything that players say.
    let chunked = format!("{post}\r\n{host}\r\n{FORM}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let pipelined = format!(
        "{chunked}c\r\ntitle=Mar%C3\r\nb\r\n%A9e%07%0A&\r\na\r\nartist=Ada\r\n0\r\n\r\n{post}\r\n{host}\r\n{FORM}\r\n{length}\r\n\r\n{song}"
    );
    assert_eq!(raw(port, pipelined.as_bytes()).matches("HTTP/1.1").count(), 1);
    stage.shows(Some("♪ Ada – Marée"), &adas("Marée"));
    assert_eq!(stage.since(0).tunes(), [adas("Marée")]);
    let huge = format!("title={}", "x".repeat(65_000));
    assert_eq!(form(port, &huge), 200);
    stage.until("a title of 512", |seen| seen.tune()["title"].as_str().is_some_and(|title| title.len() == 512));
}

#[test]
fn who_drips_or_hoards_connections_costs_little_and_is_hung_up_on() {
    let Some((mut stage, port)) = stage("a slow loris", Kind::Prosody12, AT_ONCE) else { return };
    let cost = Cost::of(stage.daemon.process().id());
    let before = cost.memory().resident;
    let mut held = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        let head = format!(
            "POST /GStatus/{TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{FORM}\r\nContent-Length: 65536\r\n\r\n"
        );
        // Those beyond the limit are hung up on at any byte.
        let _ = stream.write_all(&[head.as_bytes(), &[b'x'; 65_000]].concat());
        held.push(stream);
    }
    stage.ctl(&["status"]);
    let grown = cost.memory().resident.saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes");
    // The patience is ten seconds for all of a request.
    let served = until(Duration::from_secs(15), || (form(port, "title=After&artist=Ada") == 200).then_some(()));
    assert_eq!(served, Some(()), "a place is free again");
    stage.shows(Some("♪ Ada – After"), &adas("After"));
    drop(held);
    println!("300 connections of 65 kB each: {} KiB more at the worst", grown >> 10);
}

#[test]
fn the_token_is_in_no_log_and_no_answer() {
    let Some(stage) = Stage::set("the webhook's token", Kind::Prosody12, AT_ONCE) else { return };
    let port = free_port();
    let (mut daemon, home) = (stage.daemon, stage.home.with("XMPPD_LOG", "trace"));
    daemon.stop();
    let token = home.write("token", TOKEN);
    let section =
        format!("{AT_ONCE}\n[webhook]\nlisten = \"127.0.0.1:{port}\"\npath = \"/GStatus\"\ntoken-file = {token:?}");
    home.configure(&configuration(&stage.server, &section));
    let daemon = home.start();
    doctor(&home, "webhook", |check| check["state"] == "ok");
    assert_eq!(form(port, "title=A"), 200);
    assert_eq!(post(port, &format!("/GStatus/{TOKEN}x"), FORM, b"title=A"), 401);
    assert_eq!(post(port, &format!("/GStatus/{TOKEN}/\x01"), FORM, b"title=A"), 400);
    // The log has a thread of its own.
    let answered = |log: &String| log.matches("the webhook answered").count() == 3;
    let logged = eventually("three answers in the log", SOON, || Some(daemon.log()).filter(answered));
    let answers = [&["config", "get"][..], &["doctor"], &["tune", "explain"], &["watch", "tune", "-t", "1s"]];
    let all = answers.map(|arguments| format!("{:?}", home.ctl(arguments))).concat() + &logged;
    assert!(!all.contains("canary"), "{all}");
    for file in std::fs::read_dir(home.state()).expect("the state folder").flatten() {
        let content = std::fs::read(file.path()).unwrap_or_default();
        assert!(!content.windows(6).any(|window| window == b"canary"), "{:?}", file.path());
    }
}
