//! What is answered to whom, request by request, over a pipe. The desk behind takes all.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::answer::Answer;
use super::connection;
use super::head::judge;
use crate::api::{Api, Asked, Door, Posted};

const TOKEN: &str = "0123456789abcdef";
const HOST: &str = "Host: 127.0.0.1:8080";
const BEARER: &str = "Authorization: Bearer 0123456789abcdef";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn door() -> Arc<Door> {
    Arc::new(Door::new("127.0.0.1:8080".parse().unwrap(), "/GStatus", TOKEN))
}

fn request(first: &str, lines: &[&str]) -> Vec<u8> {
    format!("{first}\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

/// The request goes on, or is ended with this answer; and so it is for every piece of it that has the whole head.
#[track_caller]
fn check(first: &str, lines: &[&str], expected: Option<Answer>) {
    let bytes = request(first, lines);
    let judged = judge(&bytes, &door());
    assert_eq!(judged.clone().err(), expected, "{first} {lines:?}");
    assert!(judged.is_err() || judged.is_ok_and(|head| head.is_some_and(|head| head.length == bytes.len())));
    for cut in 0..bytes.len() {
        assert!(matches!(judge(&bytes[..cut], &door()), Ok(None) | Err(Answer::Bad(_))), "{cut} of {first}");
    }
}

fn bad(reason: &str) -> Option<Answer> {
    Some(Answer::Bad(reason.to_owned()))
}

#[test]
fn a_post_with_the_token_goes_on() {
    check("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Content-Length: 3"], None);
    check(
        "POST /GStatus/ HTTP/1.1",
        &["host: 127.0.0.1:8080", "authorization: bearer 0123456789abcdef ", FORM, "content-length: 3"],
        None,
    );
    check(
        "POST /GStatus/0123456789abcdef HTTP/1.0",
        &[HOST, "Content-Type: application/json; charset=UTF-8", "Content-Length: 3"],
        None,
    );
    check("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Transfer-Encoding: chunked", "Expect: 100-continue"], None);
    check("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Content-Length: 3", "Sec-Fetch-Site: none"], None);
}

#[test]
fn nobody_gets_in_without_the_token() {
    let check = |path: &str, line: &str, expected| {
        check(&format!("POST {path} HTTP/1.1"), &[HOST, line, FORM, "Content-Length: 3"], Some(expected));
    };
    let none = "X: y";
    check("/GStatus", none, Answer::Unauthorized);
    check("/GStatus/", none, Answer::Unauthorized);
    check("/GStatus/0123456789abcdeF", none, Answer::Unauthorized);
    check("/GStatus/0123456789abcdef/", none, Answer::Unauthorized);
    check("/GStatus/0123456789abcdef?x", none, Answer::Unauthorized);
    check("/GStatus/%30123456789abcdef", none, Answer::Unauthorized);
    for line in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer 0123456789abcde",
        "0123456789abcdef",
        "Basic 0123456789abcdef",
        "Bearer 0123456789abcdef x",
    ] {
        check("/GStatus", &format!("Authorization: {line}"), Answer::Unauthorized);
    }
    check("/GStatus/0123456789abcdef", "Authorization: Bearer wrong", Answer::Unauthorized);
    for path in
        ["/", "/gstatus", "/GStatusX", "/GStatus0123456789abcdef", "/GStatus?x", "*", "http://127.0.0.1:8080/GStatus"]
    {
        check(path, BEARER, Answer::NotFound);
    }
}

#[test]
fn a_page_is_refused_before_it_is_looked_at_what_it_wants() {
    let check = |lines: &[&str], expected: Option<Answer>| {
        let all = [lines, &[BEARER, FORM, "Content-Length: 3"]].concat();
        for first in ["POST /GStatus/0123456789abcdef HTTP/1.1", "GET /GStatus HTTP/1.1", "OPTIONS / HTTP/1.1"] {
            let expected = expected.clone().or(Some(Answer::NotPosted).filter(|_| !first.starts_with("POST")));
            super::tests::check(first, &all, expected);
        }
    };
    check(&[HOST, "Origin: http://127.0.0.1:8080"], None);
    for origin in [
        "null",
        "https://page.example",
        "http://127.0.0.1",
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
        "http://attacker.example:8080",
        "",
    ] {
        check(&[HOST, &format!("Origin: {origin}")], Some(Answer::FromPage));
    }
    for site in ["cross-site", "same-site", "x", ""] {
        check(&[HOST, &format!("Sec-Fetch-Site: {site}")], Some(Answer::FromPage));
    }
    for host in [
        "X: y",
        "Host:",
        "Host: attacker.example:8080",
        "Host: localhost:8080",
        "Host: 127.0.0.1",
        "Host: 127.0.0.1:8080@attacker.example",
    ] {
        check(&[host], Some(Answer::WrongHost));
    }
    check(&[HOST, HOST], bad("Host is there twice"));
    check(&[HOST, "Origin: http://127.0.0.1:8080", "Origin: null"], bad("Origin is there twice"));
}

#[test]
fn only_a_post_of_a_form_or_json_with_one_length_is_read() {
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "CONNECT", "post"] {
        check(
            &format!("{method} /GStatus HTTP/1.1"),
            &[HOST, BEARER, FORM, "Content-Length: 3"],
            Some(Answer::NotPosted),
        );
    }
    let of_type = |kind: &str| {
        check("POST /GStatus HTTP/1.1", &[HOST, BEARER, kind, "Content-Length: 3"], Some(Answer::UnknownType))
    };
    for kind in [
        "X: y",
        "Content-Type: text/plain",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: application/json; charset=latin1",
        "Content-Type:",
    ] {
        of_type(kind);
    }
    let length =
        |lines: &[&str], expected| check("POST /GStatus HTTP/1.1", &[&[HOST, BEARER, FORM], lines].concat(), expected);
    let untold = || bad("how long the body is cannot be told");
    length(&["X: y"], Some(Answer::NoLength));
    length(&["Content-Length: 65536"], None);
    length(&["Content-Length: 65537"], Some(Answer::TooLarge));
    length(&["Content-Length: 99999999999999999999999"], Some(Answer::TooLarge));
    for wrong in ["-1", "+3", "3, 3", "0x3", ""] {
        length(&[&format!("Content-Length: {wrong}")], untold());
    }
    length(&["Content-Length: 3", "Content-Length: 3"], bad("Content-Length is there twice"));
    length(&["Content-Length: 3", "Transfer-Encoding: chunked"], untold());
    length(&["Transfer-Encoding: gzip, chunked"], untold());
    length(&["Content-Length: 3", "Expect: a miracle"], bad("what is expected is not known"));
}

#[test]
fn what_is_no_http_or_too_much_of_it_is_refused() {
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"POST\r\n\r\n",
        b"POST / HTTP/2.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nNo colon\r\n\r\n",
        b"POST / HTTP/1.1\r\n\0: x\r\n\r\n",
    ] {
        assert!(matches!(judge(bytes, &door()), Err(Answer::Bad(_))), "{bytes:?}");
    }
    let long = format!("X: {}", "x".repeat(9000));
    assert_eq!(judge(&request("POST / HTTP/1.1", &[HOST, &long]), &door()), Err(Answer::HeadTooLarge));
    assert_eq!(judge(format!("POST /{}", "x".repeat(9000)).as_bytes(), &door()), Err(Answer::HeadTooLarge));
    assert_eq!(judge(&request("POST / HTTP/1.1", &["X: y"; 65]), &door()), Err(Answer::HeadTooLarge));
}

/// Sends all at once, closes its direction, and gives back the whole answer and what was posted.
async fn exchange(bytes: &[u8]) -> (String, Vec<Posted>) {
    let (ours, theirs) = tokio::io::duplex(1024 * 1024);
    let (api, asked) = Api::new();
    let posted = tokio::spawn(desk(asked));
    let served = tokio::spawn(connection::serve(theirs, door(), api));
    let (mut reading, mut writing) = tokio::io::split(ours);
    // Who is refused may be hung up on.
    let _ = writing.write_all(bytes).await;
    let _ = writing.shutdown().await;
    let mut answer = String::new();
    reading.read_to_string(&mut answer).await.unwrap();
    served.await.unwrap();
    (answer, posted.await.unwrap())
}

async fn desk(mut asked: mpsc::Receiver<Asked>) -> Vec<Posted> {
    let mut all = Vec::new();
    while let Some(asked) = asked.recv().await {
        let Asked::Post(posted, reply) = asked else { panic!("a post") };
        all.push(posted);
        let _ = reply.send(Ok(()));
    }
    all
}

#[tokio::test]
async fn a_connection_carries_one_request_and_whatever_follows_is_dropped() {
    let one =
        [request("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Content-Length: 7"]), b"title=A".to_vec()].concat();
    let (answer, posted) = exchange(&[&one[..], &one[..], &vec![b'x'; 100_000]].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\ntaken\n"), "{answer}");
    assert!(answer.matches("HTTP/1.1").count() == 1 && !answer.contains("Access-Control"), "{answer}");
    let bodies: Vec<&[u8]> = posted.iter().map(|posted| &posted.body[..]).collect();
    assert_eq!(bodies, [b"title=A"]);
}

#[tokio::test]
async fn who_waits_to_be_told_to_go_on_is_told_so() {
    let head = request("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Content-Length: 7", "Expect: 100-continue"]);
    let (ours, theirs) = tokio::io::duplex(1024);
    let (api, asked) = Api::new();
    let posted = tokio::spawn(desk(asked));
    let served = tokio::spawn(connection::serve(theirs, door(), api));
    let (mut reading, mut writing) = tokio::io::split(ours);
    writing.write_all(&head).await.unwrap();
    let mut told = [0; 25];
    reading.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    writing.write_all(b"title=A").await.unwrap();
    writing.shutdown().await.unwrap();
    let mut answer = String::new();
    reading.read_to_string(&mut answer).await.unwrap();
    served.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(posted.await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_is_hung_up_on_whatever_it_drips() {
    let head = request("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Content-Length: 60000"]);
    let (ours, theirs) = tokio::io::duplex(1024);
    let (api, _asked) = Api::new();
    let begun = tokio::time::Instant::now();
    let served = tokio::spawn(connection::serve(theirs, door(), api));
    let (mut reading, mut writing) = tokio::io::split(ours);
    let dripping = tokio::spawn(async move {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(200));
        for byte in head.iter().chain(std::iter::repeat(&b'x')) {
            beat.tick().await;
            if writing.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    let mut answer = String::new();
    reading.read_to_string(&mut answer).await.unwrap();
    served.await.unwrap();
    dripping.abort();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(12), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_goes_before_the_end_has_posted_nothing() {
    let head = request("POST /GStatus HTTP/1.1", &[HOST, BEARER, FORM, "Content-Length: 9"]);
    for bytes in [&b""[..], b"POST /GSt", &head, &[&head[..], b"title=A"].concat()] {
        let (answer, posted) = exchange(bytes).await;
        assert!(answer.is_empty() && posted.is_empty(), "{answer}");
    }
}
