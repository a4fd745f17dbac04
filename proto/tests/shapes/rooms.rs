//! What is asked and told of rooms.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::{Change, Event, RoomChange, Show, State};

use super::{check, check_request, some};

const HALL: &str = "hall@rooms.verona.example";

fn room() -> Room {
    Room {
        jid: HALL.into(),
        name: some("The hall"),
        nick: some("Romeo"),
        state: RoomState::Joined,
        autojoin: true,
        bookmarked: true,
        subject: some("The feast"),
        reason: None,
    }
}

fn told(room: Option<Room>, removed: Option<&str>) -> Change {
    let removed = removed.map(str::to_owned);
    Change::Room(RoomChange { account: "home".into(), room, removed, invitation: None })
}

#[test]
fn what_is_asked_of_rooms_keeps_its_shape() {
    let (jid, account) = (HALL.to_owned(), some("home"));
    check_request("room.list", &RoomListing { account: account.clone() });
    let (nick, password) = (some("Romeo"), some("swordfish"));
    check_request("room.join", &RoomJoin { jid: jid.clone(), nick, password, account: account.clone() });
    check_request("room.leave", &RoomLeave { jid: jid.clone(), forget: true, account: account.clone() });
    check_request("room.members", &RoomMembers { jid: jid.clone(), account: account.clone() });
    let whom = "mercutio@verona.example".to_owned();
    check_request("room.invite", &RoomInvite { jid, whom, reason: some("We dance"), account });
}

#[test]
fn what_is_told_of_rooms_keeps_its_shape() {
    let rooms = vec![room()];
    check("reply/room.list", &RoomReport { accounts: vec![AccountRooms { account: "home".into(), rooms }] });
    let member = RoomMember {
        nick: "Tybalt".into(),
        affiliation: "member".into(),
        role: "participant".into(),
        jid: some("tybalt@verona.example"),
        occupant_id: some("o-1"),
        show: Show::Dnd,
    };
    let members = RoomMembersReport { account: "home".into(), jid: HALL.into(), members: vec![member], more: true };
    check("reply/room.members", &members);
    check("event/room", &Event::new(1, told(Some(room()), None)));
    let invitation =
        RoomInvitation { jid: HALL.into(), from: some("mercutio@verona.example"), reason: some("We dance") };
    let change = RoomChange { account: "home".into(), room: None, removed: None, invitation: Some(invitation) };
    check("event/room-invitation", &Event::new(2, Change::Room(change)));
}

#[test]
fn rooms_come_and_go_in_the_order_of_their_names() {
    let mut state = State::default();
    let other = Room { jid: "a@rooms.verona.example".into(), ..room() };
    for change in [told(Some(room()), None), told(Some(other.clone()), None), told(Some(room()), None)] {
        state.apply(change);
    }
    assert_eq!(state.room.accounts[0].rooms, [other.clone(), room()]);
    assert_eq!(state.room("home", HALL), Some(&room()));
    state.apply(told(None, Some(HALL)));
    assert_eq!(state.room.accounts[0].rooms, [other]);
}
