//! What a line asks for. Cutting the lines is [`super::lines`]'s, doing what they ask the connection's.

use xmppd_proto::jsonrpc::{Error, Id, Incoming, code};
use xmppd_proto::{Failure, Kind, Request};

use super::bucket::CALLS_A_SECOND;

/// How deep values may be nested in a line, the request's own braces counted.
const MAX_DEPTH: usize = 64;

/// A line, understood.
#[derive(Debug)]
pub(super) enum Asked {
    /// A request; without an id nobody wants its answer.
    Request(Option<Id>, Request),
    /// Nothing that can be done, and whom to tell why.
    Refused(Id, Error),
    /// Nothing that can be done, and nobody to tell: a notification is never answered (JSON-RPC 2.0, section 4.1).
    Ignored,
}

/// Reads a line without its newline; when it is not `allowed`, because there were too many, only to tell its sender.
pub(super) fn read(line: &[u8], allowed: bool) -> Asked {
    if is_too_deep(line) {
        let message = format!("values are nested at most {MAX_DEPTH} deep");
        return Asked::Refused(Id::Null, Error::standard(code::INVALID_REQUEST, message));
    }
    let incoming = match Incoming::parse(line) {
        Ok(incoming) => incoming,
        Err(refusal) => return Asked::Refused(refusal.id, refusal.error),
    };
    let request = if allowed { Request::parse(&incoming.method, incoming.params) } else { Err(too_many().into()) };
    match (request, incoming.id) {
        (Ok(request), id) => Asked::Request(id, request),
        (Err(error), Some(id)) => Asked::Refused(id, error),
        (Err(_), None) => Asked::Ignored,
    }
}

/// What a line that exceeds [`xmppd_proto::jsonrpc::MAX_LINE`] is answered.
pub(super) fn too_long() -> Asked {
    Asked::Refused(Id::Null, Error::standard(code::INVALID_REQUEST, "a request is at most 1 MiB long"))
}

fn too_many() -> Failure {
    Failure::new(Kind::Policy, format!("more than {CALLS_A_SECOND} calls a second on one connection"))
        .with_hint("call less often, or let `watch.start` tell what changes")
}

/// Clients brackets outside texts. What is not JSON is counted somehow, and refused later.
fn is_too_deep(line: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    line.iter().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error's code of a line; 0 for a request, 1 for silence.
    fn outcome(line: &[u8]) -> i32 {
        match read(line, true) {
            Asked::Request(..) => 0,
            Asked::Refused(_, error) => error.code,
            Asked::Ignored => 1,
        }
    }

    #[test]
    fn every_line_has_its_standard_answer() {
        let check = |line: &str, expected: i32| assert_eq!(outcome(line.as_bytes()), expected, "{line}");
        check(r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#, 0);
        check("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"status\",\"params\":{}}\r", 0);
        check(r#"{"jsonrpc":"2.0","method":"status","extra":[1]}"#, 0);
        check("", code::PARSE_ERROR);
        check("  ", code::PARSE_ERROR);
        check("{", code::PARSE_ERROR);
        check("nonsense", code::PARSE_ERROR);
        check(r#"{"jsonrpc":"2.0","id":1,"method":"status"} {}"#, code::PARSE_ERROR);
        check("[]", code::INVALID_REQUEST);
        check(r#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, code::INVALID_REQUEST);
        check("null", code::INVALID_REQUEST);
        check(r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, code::INVALID_REQUEST);
        check(r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"status"}"#, code::INVALID_REQUEST);
        check(r#"{"jsonrpc":"2.0","id":1,"method":"status","\u006dethod":"roster"}"#, code::INVALID_REQUEST);
        check(r#"{"jsonrpc":"2.0","id":[1],"method":"status"}"#, code::INVALID_REQUEST);
        check(r#"{"jsonrpc":"2.0","id":1,"method":7}"#, code::INVALID_REQUEST);
        check(r#"{"jsonrpc":"2.0","id":1,"method":"no.such"}"#, code::METHOD_NOT_FOUND);
        check(r#"{"jsonrpc":"2.0","id":1,"method":"status","params":{"acount":"a"}}"#, code::INVALID_PARAMS);
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"status","params":{"account":"a","account":"a"}}"#,
            code::INVALID_PARAMS,
        );
        check(r#"{"jsonrpc":"2.0","id":1,"method":"status","params":["a"]}"#, code::INVALID_PARAMS);
        check(r#"{"jsonrpc":"2.0","method":"no.such"}"#, 1);
        check(r#"{"jsonrpc":"2.0","method":"status","params":[]}"#, 1);
    }

    #[test]
    fn what_is_not_utf_8_is_not_json() {
        assert_eq!(outcome(b"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"status\"}"), code::PARSE_ERROR);
    }

    #[test]
    fn depth_is_counted_outside_texts_only() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"status","extra":{open}{close}}}"#)
        };
        assert_eq!(outcome(nested(MAX_DEPTH - 1).as_bytes()), 0);
        assert_eq!(outcome(nested(MAX_DEPTH).as_bytes()), code::INVALID_REQUEST);
        assert_eq!(outcome(nested(200_000).as_bytes()), code::INVALID_REQUEST);
        let text = format!(r#"{{"jsonrpc":"2.0","id":"\"\\{}","method":"status"}}"#, "[{".repeat(100));
        assert_eq!(outcome(text.as_bytes()), 0);
    }

    #[test]
    fn one_call_too_many_is_refused_by_policy() {
        let Asked::Refused(id, error) = read(br#"{"jsonrpc":"2.0","id":"a","method":"status"}"#, false) else {
            panic!("it is refused");
        };
        assert_eq!((id, error.code), (Id::Text("a".to_owned()), Kind::Policy.rpc_code()));
        assert!(matches!(read(br#"{"jsonrpc":"2.0","method":"status"}"#, false), Asked::Ignored));
    }
}
