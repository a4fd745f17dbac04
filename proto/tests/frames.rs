//! What a client may do to the socket's line protocol, and what it is told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use xmppd_proto::jsonrpc::{self, Error, FromDaemon, Id, Incoming};
use xmppd_proto::request::{Status, StatusSet, TuneShow};
use xmppd_proto::{Event, Failure, Kind, Request, Show};

fn check(line: &str, expected: Result<(Option<Id>, &str), (Id, i32)>) {
    let found = Incoming::parse(line.as_bytes());
    let found = found.as_ref().map(|incoming| (incoming.id.clone(), incoming.method.as_str()));
    assert_eq!(found.map_err(|refusal| (refusal.id.clone(), refusal.error.code)), expected, "{line}");
}

fn number(id: u32) -> Id {
    Id::Number(id.into())
}

#[test]
fn requests_are_read_with_any_kind_of_id() {
    check(r#"{"jsonrpc":"2.0","id":7,"method":"status"}"#, Ok((Some(number(7)), "status")));
    check(r#"{"jsonrpc":"2.0","id":"a","method":"status"}"#, Ok((Some(Id::Text("a".into())), "status")));
    check(r#"{"jsonrpc":"2.0","id":null,"method":"status"}"#, Ok((Some(Id::Null), "status")));
    check(r#"{"jsonrpc":"2.0","method":"status"}"#, Ok((None, "status")));
    check(r#" { "method" : "sta\u0074us" , "jsonrpc" : "2.0", "x": [1] } "#, Ok((None, "status")));
}

#[test]
fn bad_lines_are_answered_with_the_standard_codes() {
    check("", Err((Id::Null, -32_700)));
    check("hello", Err((Id::Null, -32_700)));
    check(r#"{"jsonrpc":"2.0","id":1,"method":"status"} {}"#, Err((Id::Null, -32_700)));
    check("[]", Err((Id::Null, -32_600)));
    check(r#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, Err((Id::Null, -32_600)));
    check("1", Err((Id::Null, -32_600)));
    check(r#"{"id":1,"method":"status"}"#, Err((number(1), -32_600)));
    check(r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, Err((number(1), -32_600)));
    check(r#"{"jsonrpc":"2.0","id":1}"#, Err((number(1), -32_600)));
    check(r#"{"jsonrpc":"2.0","id":1,"method":5}"#, Err((number(1), -32_600)));
    check(r#"{"jsonrpc":"2.0","id":[],"method":"status"}"#, Err((Id::Null, -32_600)));
    check(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"status"}"#, Err((Id::Null, -32_600)));
    let bytes = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}";
    assert_eq!(Incoming::parse(bytes).unwrap_err().error.code, -32_700);
    let long = vec![b' '; jsonrpc::MAX_LINE + 1];
    assert_eq!(Incoming::parse(&long).unwrap_err().error.code, -32_600);
}

#[test]
fn deep_nesting_is_refused_without_being_followed() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"status","params":{{"account":{deep}}}}}"#);
    let incoming = Incoming::parse(line.as_bytes()).unwrap();
    assert_eq!(Request::parse("status", incoming.params).unwrap_err().code, -32_602);
}

fn parse(method: &str, params: &str) -> Result<Request, Error> {
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let incoming = Incoming::parse(line.as_bytes()).unwrap();
    Request::parse(&incoming.method, incoming.params)
}

fn check_params(method: &str, params: &str, message: &str) {
    let error = parse(method, params).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32_602, message));
    assert_eq!(error.failure(), Failure::usage(message));
}

#[test]
fn parameters_are_read_strictly() {
    assert_eq!(parse("tune", "{}").unwrap(), TuneShow {}.into());
    assert_eq!(parse("tune", "null").unwrap(), TuneShow {}.into());
    assert_eq!(Request::parse("status", None).unwrap(), Status { account: None }.into());
    assert_eq!(parse("status.set", r#"{"show":"busy"}"#).unwrap(), StatusSet::new(Show::Dnd).into());
    check_params("status.set", "{}", "status.set: missing field `show`");
    check_params("tune", r#"{"x":1}"#, "tune: unknown field `x`, there are no fields");
    check_params("status", r#"["home"]"#, "status: parameters are given by name, as an object");
    check_params("status", r#"{"account":"a","account":"b"}"#, "status: duplicate field `account`");
    check_params(
        "status.set",
        r#"{"show":"dnd","priority":200}"#,
        "status.set: invalid value: integer `200`, expected i8",
    );
    check_params(
        "wait",
        r#"{"condition":"sunrise"}"#,
        "wait: `sunrise` is not a condition: use online, offline, contact JID [SHOW], tune playing, tune stopped or outbox empty",
    );
}

#[test]
fn an_unknown_method_is_named() {
    let error = parse("staus", "{}").unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (-32_601, "there is no method `staus`"));
    assert_eq!(error.failure().kind, Kind::Usage);
}

#[test]
fn answers_and_notifications_are_told_apart() {
    let ok = jsonrpc::result_line(&number(3), &serde_json::Value::Null);
    let FromDaemon::Response { id, outcome: Ok(result) } = FromDaemon::parse(ok.trim_end().as_bytes()).unwrap() else {
        panic!("{ok}");
    };
    assert_eq!((id, result.get()), (number(3), "null"));

    let failure = Failure::new(Kind::NotOnline, "home is offline");
    let refused = jsonrpc::error_line(&Id::Null, &failure.clone().into());
    let FromDaemon::Response { outcome: Err(error), .. } = FromDaemon::parse(refused.as_bytes()).unwrap() else {
        panic!("{refused}");
    };
    assert_eq!((error.code, error.failure()), (-32_004, failure));

    let event = jsonrpc::event_line(&Event::gap());
    assert_eq!(event, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"event\":\"gap\"}}\n");
    assert!(matches!(FromDaemon::parse(event.as_bytes()), Ok(FromDaemon::Notification { .. })));
    assert!(FromDaemon::parse(b"{}").is_err());
}

#[test]
fn a_bare_error_still_finds_its_row() {
    let error = Error::standard(Kind::NotFound.rpc_code(), "no such account");
    assert_eq!(error.failure(), Failure::new(Kind::NotFound, "no such account"));
    assert_eq!(Error::standard(-32_603, "m").failure().kind, Kind::Unexpected);
}
