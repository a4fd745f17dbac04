//! Files on their way to a server, and messages that name them or cannot be read.

use xmppd_proto::reply::*;
use xmppd_proto::request::{Send, UploadCancel, UploadFinish, UploadStart, UploadWrite};
use xmppd_proto::{Change, Event};

use super::{at, check, check_request, some};

const URL: &str = "https://upload.verona.example/x/song.ogg";

#[test]
fn uploads_keep_their_shape() {
    let start =
        UploadStart { name: "song.ogg".into(), size: 13, to: some("juliet@capulet.example"), account: some("home") };
    check_request("upload.start", &start);
    check("reply/upload.start", &UploadStarted { account: "home".into(), upload: "u1".into() });
    check_request("upload.write", &UploadWrite { upload: "u1".into(), data: "MTIzNA==".into() });
    check("reply/upload.write", &UploadProgress { sent: 4, size: 13 });
    check_request("upload.finish", &UploadFinish { upload: "u1".into() });
    check("reply/upload.finish", &UploadDone { url: URL.into() });
    check_request("upload.cancel", &UploadCancel { upload: "u1".into() });
}

#[test]
fn messages_with_files_keep_their_shape() {
    let (to, body) = ("juliet@capulet.example".to_owned(), URL.to_owned());
    let send = Send { url: some(URL), ..Send::new(to.clone(), body) };
    check("request/send-file", &send);
    let report = SendReport { account: "home".into(), id: "m2".into(), state: SendState::Sent, to, url: some(URL) };
    check("reply/send-file", &report);
}

#[test]
fn messages_that_cannot_be_read_keep_their_shape() {
    let message = Message {
        id: "m3".into(),
        direction: Direction::In,
        from: "juliet@capulet.example/balcony".into(),
        to: "romeo@verona.example".into(),
        body: None,
        encrypted: some("OMEMO"),
        urls: vec![URL.into()],
        timestamp: at("2026-11-22T18:01:00Z"),
        state: None,
        ..super::history::message()
    };
    check("event/message-encrypted", &Event { seq: Some(8), change: Change::Message(Box::new(message)) });
}
