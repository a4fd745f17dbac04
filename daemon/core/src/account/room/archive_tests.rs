//! What waits for a room's archive, and what is read again.

use jid::BareJid;

use super::super::kept::Border;
use super::super::recent::Said;
use super::archive::{Archive, Past};
use super::place::Place;
use super::{Abilities, Action, Asked, Turn};
use crate::entropy::Entropy;
use crate::stanza::Message;
use crate::stanza::archive::Archived;
use crate::time::{Moment, Now, Wall};
use crate::xml::{testing, writer};

/// The pages that are asked for, and the messages that are told.
fn happens(actions: Vec<Action>) -> Vec<String> {
    let mut happens = Vec::new();
    for action in actions {
        if let Action::Ask(Asked::Page, request) = &action {
            happens.push(writer::to_string(request));
        }
        if let Action::Heard(Some(spoken), _) = action
            && let Said::Text(message) = spoken.said
        {
            happens.push(message.id);
        }
    }
    happens
}

#[test]
fn what_is_too_much_to_wait_is_read_from_the_archive() {
    let hall = BareJid::new("hall@rooms.b").expect("a JID");
    let abilities = Abilities { archive: true, ..Abilities::default() };
    let place = Place { room: &hall, own: &hall, nick: "romeo", id: None, abilities };
    let mut past = Past { known: Some(Border { id: Some("m-1".into()), at: Wall::default() }), ..Past::default() };
    let mut entropy = Entropy::new([1; 32]);
    let mut archive = Archive::default();
    let mut play = |what: &mut dyn FnMut(&mut Archive, &mut Past, &mut Turn<'_>)| {
        let mut turn = Turn { now: Now::default(), entropy: &mut entropy, actions: Vec::new() };
        what(&mut archive, &mut past, &mut turn);
        happens(turn.actions)
    };
    let said = |number: usize, bytes: usize| {
        Message::parse(testing::element(&format!(
            "<message xmlns='jabber:client' from='hall@rooms.b/tybalt' type='groupchat' id='{number}'>\
             <body>{}</body><stanza-id xmlns='urn:xmpp:sid:0' by='hall@rooms.b' id='m-{number}'/></message>",
            "x".repeat(bytes)
        )))
    };
    let fin = testing::element("<fin xmlns='urn:xmpp:mam:2' complete='true'/>");
    assert_eq!(play(&mut |archive, past, turn| archive.begin(true, None, past, turn)).len(), 1);
    for number in 2..22 {
        let told = play(&mut |archive, past, turn| archive.live(said(number, 60 * 1024), false, &place, past, turn));
        assert_eq!(told, [""; 0], "{number}");
    }
    let asked = play(&mut |archive, past, turn| archive.page(Ok(Some(&fin)), past, turn));
    assert!(asked.len() == 1 && asked[0].contains("<after>m-1</after>"), "{asked:?}");
    play(&mut |archive, past, turn| archive.live(said(22, 1), false, &place, past, turn));
    let told = play(&mut |archive, past, turn| archive.page(Ok(Some(&fin)), past, turn));
    assert_eq!(told, ["22"]);
}

#[test]
fn an_archive_that_shows_something_has_not_failed_though_its_answers_do_not_end() {
    let check = |shows: bool, expected: &str| {
        let hall = BareJid::new("hall@rooms.b").expect("a JID");
        let abilities = Abilities { archive: true, ..Abilities::default() };
        let place = Place { room: &hall, own: &hall, nick: "romeo", id: None, abilities };
        let mut past = Past { known: Some(Border { id: Some("m-1".into()), at: Wall::default() }), ..Past::default() };
        let mut entropy = Entropy::new([1; 32]);
        let mut archive = Archive::default();
        let mut play = |seconds: u64, what: &mut dyn FnMut(&mut Archive, &mut Past, &mut Turn<'_>)| {
            let now = Now { moment: Moment::from_millis(seconds * 1_000), wall: Wall::default() };
            let mut turn = Turn { now, entropy: &mut entropy, actions: Vec::new() };
            what(&mut archive, &mut past, &mut turn);
            happens(turn.actions)
        };
        play(0, &mut |archive, past, turn| archive.begin(true, None, past, turn));
        for tries in 1..5 {
            play(tries * 100, &mut |archive, past, turn| archive.unanswered(past, turn));
            let asked = play(tries * 100 + 99, &mut |archive, past, turn| archive.tick(past, turn));
            assert!(asked.len() == 1 && asked[0].contains("<after>m-1</after>"), "{asked:?}");
        }
        if shows {
            let archived = || Archived { query: None, id: "m-2".into(), stamp: None, message: None };
            play(500, &mut |archive, past, turn| archive.result(archived(), true, &place, past, turn));
        }
        play(500, &mut |archive, past, turn| archive.unanswered(past, turn));
        let asked = play(599, &mut |archive, past, turn| archive.tick(past, turn));
        assert!(asked.concat().contains(expected), "{asked:?}");
        assert_eq!(archive.is_known(), !shows, "what waits for it may leave");
    };
    check(true, "<after>m-2</after>");
    check(false, "");
}
