//! What a page in a browser can do with the webhook: nothing, even if it knows the path and the token.

use std::time::Duration;

use serde_json::json;
use xmppd_tests::browser::{Browser, Site};
use xmppd_tests::missing::present;
use xmppd_tests::process::free_port;
use xmppd_tests::server::Kind;
use xmppd_tests::wait::{SOON, eventually};

use crate::stage::{AT_ONCE, Stage, adas};
use crate::webhook::{TOKEN, open, post};

/// How long a browser may take to start and try everything on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tries every way that a page has to send something, and tells what came of each; `@B` is the webhook, `@T` where to tell.
const ATTEMPTS: &str = r#"
const song = 'title=Forged&artist=Eve', object = '{"title":"Forged","artist":"Eve"}';
const form = 'application/x-www-form-urlencoded', json = 'application/json';
const tries = {
  form: () => fetch('@B', {method: 'POST', body: song, headers: {'Content-Type': form}}),
  json: () => fetch('@B', {method: 'POST', body: object, headers: {'Content-Type': json}}),
  bearer: () => fetch('@B', {method: 'POST', body: object, headers: {'Content-Type': json, 'Authorization': 'Bearer @K'}}),
  blind: () => fetch('@B', {method: 'POST', mode: 'no-cors', body: song, headers: {'Content-Type': form}}),
  plain: () => fetch('@B', {method: 'POST', mode: 'no-cors', body: object}),
  get: () => fetch('@B?' + song, {mode: 'no-cors'}),
  beacon: async () => ({status: navigator.sendBeacon('@B', new URLSearchParams(song))}),
  image: () => new Promise(done => { const i = new Image(); i.onload = () => done({status: 'shown'}); i.onerror = () => done({status: 'broken'}); i.src = '@B?' + song; }),
  socket: () => new Promise(done => { const s = new WebSocket('@B'.replace('http', 'ws')); s.onopen = () => done({status: 'open'}); s.onerror = () => done({status: 'broken'}); }),
  submitted: () => new Promise(done => {
    const frame = document.createElement('iframe'); frame.name = 'f'; document.body.append(frame);
    const sent = document.createElement('form'); sent.method = 'POST'; sent.action = '@B'; sent.target = 'f';
    for (const [name, value] of new URLSearchParams(song)) { const i = document.createElement('input'); i.name = name; i.value = value; sent.append(i); }
    document.body.append(sent); frame.onload = () => done({status: 'answered'}); sent.submit();
  }),
};
async function attempt() {
  const told = {origin: location.origin};
  for (const [name, run] of Object.entries(tries)) {
    const late = new Promise(done => setTimeout(done, 5000, {status: 'late'}));
    told[name] = await Promise.race([run(), late]).then(r => String(r.type == 'opaque' ? 'opaque' : r.status), () => 'failed');
  }
  await fetch('@T', {method: 'POST', mode: 'no-cors', body: JSON.stringify(told)});
}
"#;

fn script(webhook: &str, tell: u16, begin: &str) -> String {
    let attempts = ATTEMPTS
        .replace("@B", &format!("{webhook}/GStatus/{TOKEN}"))
        .replace("@T", &format!("http://127.0.0.1:{tell}/"))
        .replace("@K", TOKEN);
    format!("<!DOCTYPE html><title>A page</title><body><script>{attempts}\n{begin}</script>")
}

/// What the webhook answered since the daemon started, by its log.
fn answers(stage: &Stage) -> Vec<String> {
    let log = stage.daemon.log();
    let lines = log.lines().filter_map(|line| line.split_once("the webhook answered answer="));
    lines.map(|(_, answer)| answer.trim().to_owned()).collect()
}

/// A stage whose daemon logs what it answers.
fn stage(test: &str) -> Option<Stage> {
    let mut stage = Stage::set(test, Kind::Prosody12, AT_ONCE)?;
    stage.home = stage.home.with("XMPPD_LOG", "debug");
    stage.daemon.stop();
    stage.restart();
    Some(stage)
}

/// Nobody's song is there, and who is let in still is.
#[track_caller]
fn nothing_came_of_it(mut stage: Stage, port: u16) {
    assert_eq!(stage.home.json(&["tune", "players"])["players"], json!([]));
    assert!(stage.since(0).tunes().is_empty());
    let form = "Content-Type: application/x-www-form-urlencoded";
    assert_eq!(post(port, &format!("/GStatus/{TOKEN}"), form, b"title=Real&artist=Ada"), 200);
    stage.shows(Some("♪ Ada – Real"), &adas("Real"));
}

#[test]
fn a_page_of_another_origin_that_knows_the_token_can_do_nothing() {
    let Some(stage) = stage("a page") else { return };
    let port = free_port();
    open(&stage, port, AT_ONCE);
    let webhook = format!("http://127.0.0.1:{port}");
    for name in ["127.0.0.1", "page.example"] {
        let before = answers(&stage).len();
        let site = Site::show(0, |own| script(&webhook, own, "attempt();"));
        let address = format!("http://{name}:{}/", site.port());
        let rules = "MAP page.example 127.0.0.1";
        let Some(_browser) = present("a page", Browser::open(&address, rules, None)) else { return };
        let told = site.told(PATIENCE);
        println!("{name}: {told}");
        let told: serde_json::Value = serde_json::from_str(&told).expect("the page tells JSON");
        for (attempt, readable) in
            [("form", "failed"), ("json", "failed"), ("bearer", "failed"), ("image", "broken"), ("socket", "broken")]
        {
            assert_eq!(told[attempt], readable, "{told}");
        }
        let answered = answers(&stage);
        assert!(answered.len() > before + 4, "{answered:?}: the page reached it");
        assert!(answered.iter().all(|answer| answer == "FromPage"), "{answered:?}");
    }
    nothing_came_of_it(stage, port);
}

#[test]
fn a_page_whose_name_is_led_to_the_webhook_after_it_was_loaded_can_do_nothing() {
    let Some(stage) = stage("a rebinding page") else { return };
    let port = free_port();
    // It begins when the site that it is from is gone and the webhook is in its place.
    let begin = "const wait = setInterval(() => fetch('/').then(r => { if (r.status != 200) { clearInterval(wait); attempt(); } }, () => {}), 100);";
    let ears = Site::show(0, |_| String::new());
    let rebound = format!("http://rebound.example:{port}");
    let site = Site::show(port, |_| {
        let loaded =
            format!("fetch('http://127.0.0.1:{}/', {{method: 'POST', mode: 'no-cors', body: 'loaded'}});", ears.port());
        script(&rebound, ears.port(), &format!("{loaded}{begin}"))
    });
    let rules = "MAP rebound.example 127.0.0.1";
    let Some(_browser) = present("a rebinding page", Browser::open(&rebound, rules, None)) else { return };
    assert_eq!(ears.told(PATIENCE), "loaded");
    drop(site);
    open(&stage, port, AT_ONCE);
    let told = ears.told(PATIENCE);
    println!("{told}");
    let told: serde_json::Value = serde_json::from_str(&told).expect("the page tells JSON");
    assert_eq!(told["origin"], rebound.as_str(), "it is of one origin with the webhook, as it sees it: {told}");
    for attempt in ["form", "json", "bearer", "blind", "plain", "get"] {
        assert_eq!(told[attempt], "403", "{told}");
    }
    let answered = eventually("all is answered", SOON, || Some(answers(&stage)).filter(|all| all.len() > 8));
    assert!(answered.iter().all(|answer| answer == "WrongHost"), "{answered:?}");
    nothing_came_of_it(stage, port);
}
