//! What is asked and told of messages that came and went.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::{Change, ChatStateChange, Event, ReactionChange, Receipt, Retraction, State, UnreadChange};

use super::{at, check, check_request, some};

#[test]
fn what_is_asked_of_messages_keeps_its_shape() {
    let (jid, account) = (some("juliet@capulet.example"), some("home"));
    check_request(
        "history",
        &History {
            jid: jid.clone(),
            since: Some(at("2026-11-22T10:00:00Z")),
            until: Some(at("2026-11-22T18:00:00Z")),
            search: some("night*"),
            limit: Some(20),
            account: account.clone(),
        },
    );
    check_request("unread", &Unread { account: account.clone() });
    check_request("unread.clear", &UnreadClear { jid: jid.clone(), account: account.clone() });
    let (to, body) = (jid.unwrap(), "Wilt thou be gone?".into());
    check_request("ask", &Question { to, body, pattern: some("^(yes|no)$"), account, timeout_ms: Some(30_000) });
}

pub(super) fn message() -> Message {
    Message {
        account: "home".into(),
        id: "a1".into(),
        direction: Direction::Out,
        from: "romeo@montague.example/orchard".into(),
        to: "juliet@capulet.example".into(),
        message_type: MessageType::Chat,
        body: some("By yonder blessed moon"),
        subject: None,
        encrypted: None,
        urls: vec![],
        timestamp: at("2026-11-22T18:00:00Z"),
        delayed: false,
        carbon: false,
        stanza_id: None,
        origin_id: None,
        room: None,
        state: Some(MessageState::Queued),
        reason: None,
        unread: false,
        replaces: None,
        replaced_by: None,
        reply_to: None,
        reactions: vec![],
        retracted: false,
    }
}

#[test]
fn what_is_told_of_messages_keeps_its_shape() {
    let (state, unread) = (None, true);
    let came = Message { id: "b1".into(), direction: Direction::In, state, unread, ..message() };
    check("reply/history", &HistoryReport { messages: vec![message(), came.clone()] });
    let failed = Message { state: Some(MessageState::Failed), reason: some("remote-server-not-found"), ..message() };
    check("reply/history-failed", &HistoryReport { messages: vec![failed] });
    check("reply/ask", &Message { unread: false, ..came });
    let chats = vec![UnreadChat { jid: "juliet@capulet.example".into(), unread: 2 }];
    let account = AccountUnread { account: "home".into(), unread: 2, chats };
    check("reply/unread", &UnreadReport { accounts: vec![account] });
    let (account, jid) = ("home".into(), "juliet@capulet.example".into());
    check("event/unread", &Event::new(1, Change::Unread(UnreadChange { account, jid, unread: 2 })));
    let reactions = vec![Reaction { from: "juliet@capulet.example".into(), emojis: vec!["♥".into()] }];
    let corrected = Message { replaced_by: some("a2"), reactions, state: Some(MessageState::Displayed), ..message() };
    let correction = Message { id: "a2".into(), replaces: some("a1"), reply_to: some("b1"), ..message() };
    let gone = Message { id: "a3".into(), body: None, retracted: true, ..message() };
    check("reply/history-remarks", &HistoryReport { messages: vec![corrected, correction, gone] });
}

#[test]
fn what_is_told_of_what_became_of_messages_keeps_its_shape() {
    let (account, id) = ("home".to_owned(), "a1".to_owned());
    let (jid, from) = ("juliet@capulet.example".to_owned(), "juliet@capulet.example".to_owned());
    let receipt = Receipt {
        account: account.clone(),
        id: id.clone(),
        to: Some(jid.clone()),
        state: MessageState::Received,
        reason: None,
    };
    check("event/receipt", &Event::new(1, Change::Receipt(receipt)));
    let (emojis, id) = (vec!["♥".to_owned()], id);
    let reaction =
        ReactionChange { account: account.clone(), jid: jid.clone(), id: id.clone(), from: from.clone(), emojis };
    let reason = some("service-unavailable");
    let failed = Receipt { account: account.clone(), id: id.clone(), to: None, state: MessageState::Failed, reason };
    check("event/receipt-failed", &Event::new(1, Change::Receipt(failed)));
    check("event/reaction", &Event::new(2, Change::Reaction(reaction)));
    check(
        "event/retraction",
        &Event::new(3, Change::Retraction(Retraction { account: account.clone(), jid, id, from: from.clone() })),
    );
    let writing = ChatStateChange { account, from, state: "composing".into() };
    check("event/chatstate", &Event::new(4, Change::ChatState(writing)));
    let send =
        Send { receipt: true, timeout_ms: Some(5_000), ..Send::new("juliet@capulet.example".into(), "Hist!".into()) };
    check_request("send-receipt", &send);
}

#[test]
fn unread_messages_are_counted_by_chat_and_in_all() {
    let mut state = State::default();
    let mut tell = |jid: &str, unread| {
        state.apply(Change::Unread(UnreadChange { account: "home".into(), jid: jid.into(), unread }));
        let account = &state.unread.accounts[0];
        (account.unread, account.chats.len())
    };
    assert_eq!(tell("a@b", 1), (1, 1));
    assert_eq!(tell("c@d", 3), (4, 2));
    assert_eq!(tell("a@b", 2), (5, 2));
    assert_eq!(tell("c@d", 0), (2, 1));
    assert_eq!(tell("a@b", 0), (0, 0));
}
