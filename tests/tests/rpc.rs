//! The socket, driven by socat: every method, every error, every limit, and what a watcher is told.

mod rpc_parts;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rpc_parts::Socket;
use serde_json::{Value, json};
use xmppd_tests::certificate::DOMAIN;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::schema;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::verona::Verona;
use xmppd_tests::wait::{SOON, eventually};

/// What a method needs at least, where that is something.
fn least(method: &str, verona: &Verona) -> Value {
    match method {
        "status.set" => json!({"show": "dnd", "status": "Good night"}),
        "scroll" | "scroll.preview" => json!({"text": "Out of office until Monday morning"}),
        "status.hold" => json!({"show": "xa", "status": "While I am here"}),
        "tune.set" => json!({"title": "Dance of the Knights"}),
        "tune.use" => json!({"player": "auto"}),
        "tune.render" => json!({"template": "{title}"}),
        "tune.get" => json!({"jid": JULIET.jid()}),
        "mood.set" => json!({"value": "in_love", "text": "She speaks"}),
        "activity.set" => json!({"general": "relaxing", "specific": "partying"}),
        "nick.set" => json!({"nick": "Romeo M."}),
        "avatar.set" => json!({"data": "R0lGODlhQAAwAA=="}),
        "send" => json!({"to": JULIET.jid(), "body": "But soft!"}),
        "roster.rename" => json!({"jid": JULIET.jid(), "name": "Jule"}),
        "roster.group" => json!({"jid": JULIET.jid(), "add": ["Verona"]}),
        "roster.add" | "roster.remove" | "block.add" | "block.remove" => json!({"jid": MERCUTIO.jid()}),
        "roster.show" | "roster.approve" | "roster.deny" | "roster.subscribe" | "roster.unsubscribe" => {
            json!({"jid": JULIET.jid()})
        }
        "room.join" | "room.leave" | "room.members" => json!({"jid": "hall@rooms.verona.example"}),
        "room.invite" => json!({"jid": "hall@rooms.verona.example", "whom": JULIET.jid()}),
        "wait" => json!({"condition": "online"}),
        "probe" => json!({"domain": DOMAIN, "server": format!("127.0.0.1:{}", verona.server.port(Tls::Starttls))}),
        _ => json!({}),
    }
}

#[test]
fn every_described_method_answers_as_it_is_described() {
    let Some(mut verona) = present("rpc", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let Some(mut socket) = Socket::open(&home) else { return };
    let document = socket.result("rpc.describe", &json!({}));
    assert_eq!(document["openrpc"], "1.3.2");

    let methods = document["methods"].as_array().expect("the methods are a list");
    // These two end what the others need.
    let is_end = |method: &&Value| method["name"] == "account.disconnect" || method["name"] == "daemon.stop";
    // A daemon can end once; `survival` has the other way. What waits or was set aside, `outbox` has; what plays,
    // and can be skipped, `tune`; an answer, `history`; a server that takes files, `files`.
    let elsewhere = [
        "daemon.restart",
        "outbox.cancel",
        "outbox.retry",
        "tune.skip",
        "ask",
        "upload.start",
        "upload.write",
        "upload.finish",
        "upload.cancel",
    ];
    let is_elsewhere = |method: &&Value| elsewhere.iter().any(|name| method["name"] == *name);
    let asked = methods.iter().filter(|method| !is_elsewhere(method));
    let (ends, others): (Vec<&Value>, Vec<&Value>) = asked.partition(is_end);
    for method in others.into_iter().chain(ends) {
        let name = method["name"].as_str().expect("a method has a name");
        let params = least(name, &verona);
        for param in method["params"].as_array().expect("the parameters are a list") {
            let given = &params[param["name"].as_str().unwrap_or_default()];
            assert!(param["required"] == false || !given.is_null(), "{name} needs {param}");
            if !given.is_null() {
                assert_eq!(schema::check(&document, &param["schema"], given), Ok(()), "{name}");
            }
        }
        let result = socket.result(name, &params);
        assert_eq!(schema::check(&document, &method["result"]["schema"], &result), Ok(()), "{name}");
        if name == "watch.start" {
            let snapshot = socket.event();
            assert_eq!(schema::check(&document, &document["x-notifications"][0]["params"], &snapshot), Ok(()));
        }
    }
    let notifications = document["x-notifications"].as_array().expect("the notifications are a list");
    for told in socket.told() {
        let described = notifications.iter().find(|described| described["name"] == told["method"]);
        let described = described.unwrap_or_else(|| panic!("{told} is described nowhere"));
        assert_eq!(schema::check(&document, &described["params"], &told["params"]), Ok(()), "{told}");
    }
}

#[test]
fn a_line_that_cannot_be_done_gets_its_standard_error_and_the_connection_goes_on() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let Some(mut socket) = Socket::open(&home) else { return };
    let long = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"x\":\"{}\"}}", "x".repeat(1 << 20));
    let deep =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"x\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    let lines: [(&[u8], i64); 14] = [
        (b"nonsense", -32_700),
        (b"", -32_700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"", -32_700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"st\xff\xfeatus\"}", -32_700),
        (b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}]", -32_600),
        (b"[]", -32_600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"status\"}", -32_600),
        (b"{\"id\":1,\"method\":\"status\"}", -32_600),
        (long.as_bytes(), -32_600),
        (deep.as_bytes(), -32_600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", -32_601),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{\"acount\":\"x\"}}", -32_602),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":[\"x\"]}", -32_602),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status.set\",\"params\":{\"show\":\"dnd\",\"show\":\"dnd\"}}",
            -32_602,
        ),
    ];
    for (line, code) in lines {
        let shown = String::from_utf8_lossy(&line[..line.len().min(120)]).into_owned();
        socket.write(line);
        let answer = socket.answer();
        assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
        assert!(answer["error"]["message"].is_string() && answer["result"].is_null(), "{shown}: {answer}");
        assert_eq!(socket.result("daemon.hello", &json!({}))["protocol"], 1, "after {shown}");
    }
}

#[test]
fn each_row_of_the_exit_table_has_its_code_and_its_object() {
    let Some(mut verona) = present("rpc", Verona::start()) else { return };
    let stopped = verona.account("wrong", MERCUTIO, "").replace(MERCUTIO.password, "a guess");
    let home = Home::new(&(verona.romeo("") + &stopped)).expect("the programs are built");
    let _daemon = home.start();
    home.eventually(&["account", "list"], |list| {
        list["accounts"][0]["state"] == "online" && list["accounts"][1]["state"] == "stopped"
    });
    let Some(mut socket) = Socket::open(&home) else { return };
    let nobody = format!("{}/nobody", JULIET.jid());
    let rows = [
        (2, "usage", "send", json!({"to": "not a@jid@", "body": "x", "account": "home"})),
        (2, "usage", "send", json!({"to": JULIET.jid(), "body": "x"})),
        (2, "usage", "account.disconnect", json!({})),
        (
            3,
            "timed-out",
            "wait",
            json!({"condition": format!("contact {}", MERCUTIO.jid()), "account": "home", "timeout_ms": 1}),
        ),
        (5, "authentication", "account.connect", json!({"account": "wrong"})),
        (5, "authentication", "send", json!({"to": JULIET.jid(), "body": "x", "account": "wrong"})),
        (6, "refused", "ping", json!({"jid": nobody, "account": "home"})),
        (7, "unsupported", "status.set", json!({"show": "invisible", "account": "home"})),
        (10, "not-found", "status", json!({"account": "elsewhere"})),
        (10, "not-found", "config.get", json!({"key": "tune.colour"})),
        (13, "impossible", "wait", json!({"condition": "online", "account": "wrong"})),
    ];
    for (exit, kind, method, params) in rows {
        let answer = socket.call(method, &params);
        check_row(&answer, exit, kind);
        if kind == "refused" {
            assert_eq!(answer["error"]["data"]["condition"], "service-unavailable");
        }
        if method == "account.disconnect" {
            let hint = answer["error"]["data"]["hint"].as_str().unwrap_or_default();
            assert!(hint.contains("home") && hint.contains("wrong"), "{answer}");
        }
    }
    socket.result("status.set", &json!({"show": "offline", "account": "home"}));
    check_row(&socket.call("ping", &json!({"jid": JULIET.jid(), "account": "home"})), 4, "not-online");
    assert_eq!(verona.juliet.seen().iter().filter(|event| event["event"] == "message").count(), 0);
}

#[track_caller]
fn check_row(answer: &Value, exit: i64, kind: &str) {
    let error = &answer["error"];
    assert_eq!((&error["code"], &error["data"]["code"]), (&json!(-32_000 - exit), &json!(exit)), "{answer}");
    assert_eq!((&error["data"]["kind"], &error["data"]["message"]), (&json!(kind), &error["message"]), "{answer}");
}

#[test]
fn a_client_of_another_protocol_gets_nothing_done() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let Some(mut socket) = Socket::open(&home) else { return };
    socket.write(
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.hello\",\"params\":{\"protocol\":99}}\n\
          {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tune.off\"}",
    );
    check_row(&socket.answer(), 9, "protocol-mismatch");
    check_row(&socket.answer(), 9, "protocol-mismatch");
    assert_eq!(socket.result("daemon.hello", &json!({"protocol": 1}))["protocol"], 1);
    assert_ne!(socket.result("tune", &json!({}))["state"], "off");
}

#[test]
fn calls_are_done_side_by_side_and_a_half_closed_client_gets_its_answers() {
    let Some(mut verona) = present("rpc", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let Some(mut socket) = Socket::open(&home) else { return };
    let condition = format!("contact {} xa", JULIET.jid());
    let wait = socket.ask("wait", &json!({"condition": condition}));
    let pings: Vec<u64> = (0..20).map(|_| socket.ask("ping", &json!({}))).collect();
    let mut answered: Vec<u64> = pings.iter().filter_map(|_| socket.answer()["id"].as_u64()).collect();
    answered.sort_unstable();
    assert_eq!(answered, pings, "the wait holds up nobody");
    socket.close();
    verona.juliet.tell("presence", &json!({"show": "xa"}));
    let answer = socket.answer();
    assert_eq!((&answer["id"], &answer["result"]["condition"]), (&json!(wait), &json!(condition)));
}

#[test]
fn a_watcher_gets_a_snapshot_and_then_every_event_with_numbers_that_rise_by_one() {
    let Some(mut verona) = present("rpc", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let Some(mut socket) = Socket::open(&home) else { return };
    let topics = json!({"topics": ["presence", "message"]});
    assert_eq!(socket.result("watch.start", &topics), topics);
    let snapshot = socket.event();
    assert_eq!((&snapshot["event"], &snapshot["seq"]), (&json!("snapshot"), &json!(0)));
    let contact = &snapshot["roster"]["accounts"][0]["contacts"][0];
    assert_eq!((&contact["jid"], &contact["resources"][0]["show"]), (&json!(JULIET.jid()), &json!("online")));
    assert!(snapshot["status"].is_null() && snapshot["account"].is_null(), "{snapshot}");

    let shows = ["away", "dnd", "xa", "chat"];
    for (seq, show) in (1..).zip(shows) {
        verona.juliet.tell("presence", &json!({"show": show, "status": format!("on {show}"), "priority": 3}));
        let event = socket.event();
        assert_eq!((&event["seq"], &event["event"]), (&json!(seq), &json!("presence")), "{event}");
        assert_eq!((&event["account"], &event["jid"]), (&json!("home"), &json!(JULIET.jid())));
        assert_eq!((&event["show"], &event["status"]), (&json!(show), &json!(format!("on {show}"))));
    }
    verona.juliet.tell("message", &json!({"to": ROMEO.jid(), "body": "Ay me!"}));
    let message = socket.event();
    assert_eq!(
        (&message["seq"], &message["event"], &message["body"]),
        (&json!(5), &json!("message"), &json!("Ay me!"))
    );
    assert_eq!(message["direction"], "in");
    let unread = socket.event();
    assert_eq!((&unread["seq"], &unread["event"], &unread["unread"]), (&json!(6), &json!("unread"), &json!(1)));

    assert_eq!(socket.result("watch.stop", &json!({})), json!({}));
    verona.juliet.tell("presence", &json!({"show": "dnd"}));
    socket.result("wait", &json!({"condition": format!("contact {} dnd", JULIET.jid())}));
    assert_eq!(socket.told(), [] as [Value; 0], "nothing is told after watch.stop");
}

#[test]
fn a_slow_reader_is_told_of_a_gap_and_shown_where_things_stand() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let Some(mut slow) = Socket::open(&home) else { return };
    slow.ask("watch.start", &json!({"topics": ["tune"]}));
    // A thousand calls a second are let through on one connection. Nothing reads what `slow` is told meanwhile.
    home.eventually(&["daemon", "status"], |status| status["watchers"] == 1);
    let mut last = String::new();
    for connection in 0..4 {
        let Some(mut busy) = Socket::open(&home) else { return };
        for number in 0..900 {
            last = format!("{connection}-{number}-{}", "la ".repeat(80).trim_end());
            let answer = busy.call("tune.set", &json!({"title": last}));
            assert_eq!(answer["result"]["tune"]["title"], last.as_str(), "{answer}");
        }
    }
    assert!(slow.answer()["result"].is_object());
    let (mut events, mut before) = (0_u64, slow.event());
    assert_eq!(before["event"], "snapshot");
    let gap = loop {
        let event = slow.event();
        if event["event"] == "gap" {
            break event;
        }
        events += 1;
        assert_eq!(event["seq"].as_u64(), before["seq"].as_u64().map(|seq| seq + 1));
        before = event;
    };
    assert!((1_024..3_600).contains(&events), "{events} events came before the gap");
    assert!(gap["seq"].is_null());
    let snapshot = slow.event();
    assert_eq!((&snapshot["event"], &snapshot["seq"]), (&json!("snapshot"), &json!(0)));
    let Some(mut other) = Socket::open(&home) else { return };
    other.result("tune.clear", &json!({}));
    let mut told = snapshot;
    while told["tune"]["tune"]["title"] == last.as_str() || told["tune"]["title"].is_string() {
        told = slow.event();
    }
    assert_eq!(told["event"], "tune");
}

#[test]
fn sixty_four_clients_are_served_and_one_more_is_told_to_come_back() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let connect = || UnixStream::connect(home.socket()).expect("the socket listens");
    // What `Home::start` looked with may not have been seen to leave yet.
    eventually("only the one who asks is connected", SOON, || {
        (home.json(&["daemon", "status"])["clients"] == 1).then_some(())
    });
    eventually("that one has left", SOON, || {
        let mut clients: Vec<UnixStream> = (0..64).map(|_| connect()).collect();
        let mut last = BufReader::new(clients.pop().expect("there are 64"));
        std::io::Write::write_all(last.get_mut(), b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon.hello\"}\n")
            .ok()?;
        let mut line = String::new();
        last.read_line(&mut line).ok()?;
        line.contains("\"protocol\"").then_some((clients, last)).map(|held| {
            let mut told = String::new();
            std::io::Read::read_to_string(&mut connect(), &mut told).expect("it is let go at once");
            let told: Value = serde_json::from_str(&told).expect("it is told why");
            check_row(&told, 12, "policy");
            assert_eq!(told["id"], Value::Null);
            drop(held);
        })
    });
    // As long as it counts those who have left, it has no place for who asks.
    eventually("there is a place again", SOON, || (home.ctl(&["daemon", "status"]).code == 0).then_some(()));
    home.eventually(&["daemon", "status"], |status| status["clients"] == 1);
}

#[test]
fn more_than_a_thousand_calls_a_second_are_refused_by_policy() {
    let home = Home::new("").expect("the programs are built");
    let _daemon = home.start();
    let Some(mut socket) = Socket::open(&home) else { return };
    let flood = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"daemon.hello\"}\n".repeat(3_000);
    socket.write(flood.trim_end().as_bytes());
    let answers: Vec<Value> = (0..3_000).map(|_| socket.answer()).collect();
    let served = answers.iter().filter(|answer| answer["result"].is_object()).count();
    assert!((1_000..2_900).contains(&served), "{served} of 3000 were served");
    let refused = answers.iter().find(|answer| answer["error"].is_object());
    check_row(refused.expect("some were refused"), 12, "policy");
}

#[test]
fn the_socket_is_its_owners_alone() {
    let home = Home::new("").expect("the programs are built");
    let daemon = home.start();
    let socket = home.socket();
    let mode = |path: &Path| std::fs::symlink_metadata(path).map(|found| found.permissions().mode() & 0o7777).ok();
    let folder = socket.parent().expect("the socket is in a folder");
    assert_eq!((mode(&socket), mode(folder), mode(&home.state())), (Some(0o600), Some(0o700), Some(0o700)));

    let Some(setpriv) = present("rpc: another user", program("setpriv")) else { return };
    let Some(socat) = present("rpc: another user", program("socat")) else { return };
    let address = format!("UNIX-CONNECT:{}", socket.display());
    let as_nobody = || {
        let words = ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"];
        let mut talk =
            home.talk(&setpriv, &[&words, &[socat.to_str().unwrap_or_default(), "-t1", "-", &address][..]].concat());
        talk.say(&json!({"jsonrpc": "2.0", "id": 1, "method": "status"}));
        let said = talk.rest();
        (said, talk.ended(), talk.process().log())
    };
    let (said, code, log) = as_nobody();
    assert!(said.is_empty() && code != 0 && log.contains("Permission denied"), "{said:?} {code} {log}");

    // With every mode forgotten, the kernel's word about the peer still counts.
    let opened = std::iter::successors(socket.parent(), |path| path.parent()).take(3);
    for path in opened {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it is ours");
    }
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o666)).expect("it is ours");
    let (said, _, log) = as_nobody();
    assert!(said.is_empty(), "{said:?} {log}");
    assert!(daemon.log().contains("another user's program was turned away"), "{}", daemon.log());
    let answer = home.ctl(&["status"]);
    assert_eq!(answer.code, 0, "the owner is served on: {answer:?}");
}
