//! `room`: entering, leaving, and who is there. What is known of rooms is in the hub's picture; who is in one, only the
//! account knows.

use std::time::Duration;

use jid::{BareJid, Jid, ResourcePart};
use tokio::time::timeout;
use xmppd_core::account::{Affiliation, Command, Occupant, Outcome, Role, RoomCommand};
use xmppd_core::secret::Secret;
use xmppd_core::stanza::error::Condition;
use xmppd_core::text;
use xmppd_proto::reply::{AccountRooms, Done, Room, RoomMember, RoomMembersReport, RoomReport, RoomState};
use xmppd_proto::request::{RoomInvite, RoomJoin, RoomLeave, RoomListing, RoomMembers};
use xmppd_proto::{Failure, Kind};

use super::account::unavailable;
use super::desk::{Desk, failed};
use super::message::address;
use crate::account::Handle;
use crate::hub;

/// Rooms may be far away, and are asked more than one thing.
const ROOM_WAIT: Duration = Duration::from_secs(30);

/// One account's room.
struct Place {
    account: String,
    handle: Handle,
    room: BareJid,
}

impl Desk {
    /// Whether this address is a room of the account's, or in one; what is about to be entered for the first time may be
    /// anything.
    pub(super) async fn is_room(&self, account: &str, jid: &Jid) -> Result<bool, Failure> {
        let (account, room) = (account.to_owned(), jid.to_bare().to_string());
        let is_one = |room: &Room| room.bookmarked || room.autojoin || room.state != RoomState::Joining;
        self.hub.read(move |state, _| state.room(&account, &room).is_some_and(is_one)).await
    }

    /// The rooms as the picture has them.
    pub(super) async fn room_list(&self, params: RoomListing) -> Result<RoomReport, Failure> {
        let mut accounts = Vec::new();
        for account in self.names(params.account).await? {
            let name = account.clone();
            let known = self.hub.read(move |state, _| {
                let known = state.room.accounts.iter().find(|known| known.account == name);
                known.map(|known| known.rooms.clone()).unwrap_or_default()
            });
            accounts.push(AccountRooms { account, rooms: known.await? });
        }
        Ok(RoomReport { accounts })
    }

    /// Enters a room and remembers it.
    pub(super) async fn room_join(&self, params: RoomJoin) -> Result<RoomReport, Failure> {
        let nick = params.nick.as_deref().map(nickname).transpose()?;
        let password = params.password.map(Secret::new);
        let place = self.room_place(params.account, &params.jid).await?;
        let rooms = self.hub.read({
            let account = place.account.clone();
            move |_, config| config.accounts.iter().any(|known| known.name == account && known.rooms)
        });
        if !rooms.await? {
            let message = format!("the configuration says that {} enters no rooms", place.account);
            return Err(Failure::new(Kind::Policy, message).with_hint("remove `rooms = false` from the account"));
        }
        let outcome = ask(&place, RoomCommand::Join(nick.clone(), password)).await?;
        if let Outcome::Refused(error) = &outcome {
            return Err(refused(&place, error, nick.is_some()));
        }
        if outcome == Outcome::TimedOut {
            let hint = format!("`xmppctl ping {}` tries its server", place.room.domain());
            return Err(Failure::new(Kind::TimedOut, format!("{} does not answer", place.room)).with_hint(hint));
        }
        done(&place, outcome)?;
        self.room_shown(place).await
    }

    /// Leaves a room.
    pub(super) async fn room_leave(&self, params: RoomLeave) -> Result<RoomReport, Failure> {
        let place = self.room_place(params.account, &params.jid).await?;
        done(&place, ask(&place, RoomCommand::Leave { forget: params.forget }).await?)?;
        self.room_shown(place).await
    }

    /// Who is in a room.
    pub(super) async fn room_members(&self, params: RoomMembers) -> Result<RoomMembersReport, Failure> {
        let place = self.room_place(params.account, &params.jid).await?;
        let outcome = ask(&place, RoomCommand::Occupants).await?;
        let Outcome::Occupants(occupants, more) = outcome else { return Err(of_room(&place, outcome)) };
        let members = occupants.into_iter().map(member).collect();
        Ok(RoomMembersReport { account: place.account, jid: place.room.to_string(), members, more })
    }

    /// Has a room invite somebody.
    pub(super) async fn room_invite(&self, params: RoomInvite) -> Result<Done, Failure> {
        let whom = address(&params.whom)?;
        let place = self.room_place(params.account, &params.jid).await?;
        done(&place, ask(&place, RoomCommand::Invite(whom, params.reason)).await?)?;
        Ok(Done::default())
    }

    async fn room_place(&self, account: Option<String>, jid: &str) -> Result<Place, Failure> {
        let jid = address(jid)?;
        if jid.node().is_none() || jid.resource().is_some() {
            return Err(Failure::usage(format!("{jid} is no room")).with_hint("write it as room@rooms.example"));
        }
        let (account, handle) = self.one(account).await?;
        Ok(Place { account, handle, room: jid.to_bare() })
    }

    /// The room as it is now, if it is still remembered.
    async fn room_shown(&self, place: Place) -> Result<RoomReport, Failure> {
        let (account, jid) = (place.account.clone(), place.room.to_string());
        let room: Option<Room> = self.hub.read(move |state, _| state.room(&account, &jid).cloned()).await?;
        let rooms = room.into_iter().collect();
        Ok(RoomReport { accounts: vec![AccountRooms { account: place.account, rooms }] })
    }
}

async fn ask(place: &Place, command: RoomCommand) -> Result<Outcome, Failure> {
    let room = place.room.clone();
    let answer = place.handle.ask(move |ticket| Command::Room(ticket, room, command)).map_err(unavailable)?;
    Ok(timeout(ROOM_WAIT, answer)
        .await
        .map_or(Outcome::TimedOut, |outcome| outcome.unwrap_or(Outcome::NotOnline(None))))
}

/// A nickname that a person gave.
fn nickname(text: &str) -> Result<ResourcePart, Failure> {
    let clean = text::line(text, text::STATUS).ok_or_else(|| Failure::usage("a nickname needs a character"))?;
    ResourcePart::new(&clean)
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| Failure::usage(format!("{text:?} is no nickname: {error}")))
}

/// Why a room would not have us, and what can be done.
fn refused(place: &Place, error: &xmppd_core::stanza::StanzaError, is_chosen: bool) -> Failure {
    let room = &place.room;
    let is = |condition| error.condition == condition;
    let (kind, message, hint) = if is(Condition::Conflict) {
        let what = if is_chosen { "the nickname is taken" } else { "the nicknames are taken" };
        (Kind::Conflict, what.to_owned(), "choose another one with --nick")
    } else if is(Condition::NotAuthorized) {
        (Kind::Refused, "it wants a password, or another one".to_owned(), "give it with --password-file")
    } else if is(Condition::Forbidden) {
        (Kind::Refused, "you are banned there".to_owned(), "only its admins can change that")
    } else if is(Condition::RegistrationRequired) {
        (Kind::Refused, "it is for members only".to_owned(), "ask somebody there to invite you")
    } else if is(Condition::FeatureNotImplemented) {
        let why = error.text.as_deref().unwrap_or("it is no room");
        return Failure::new(Kind::Refused, format!("{room} cannot be entered: {why}"))
            .with_condition(error.condition.name())
            .with_hint("`xmppctl send` writes to a person");
    } else if is(Condition::ServiceUnavailable) {
        (Kind::Refused, error.to_string(), "it may be no room at all: people whom you do not see answer so, too")
    } else {
        (Kind::Refused, error.to_string(), "`xmppctl xml watch --pretty` shows what it says")
    };
    Failure::new(kind, format!("{room} did not let you in: {message}"))
        .with_condition(error.condition.name())
        .with_hint(hint)
}

/// The room has done it, or why not.
fn done(place: &Place, outcome: Outcome) -> Result<(), Failure> {
    if outcome == Outcome::Done { Ok(()) } else { Err(of_room(place, outcome)) }
}

fn of_room(place: &Place, outcome: Outcome) -> Failure {
    let room = &place.room;
    if outcome == Outcome::Unknown {
        return Failure::new(Kind::NotFound, format!("{room} is not remembered, and you are not in it"))
            .with_hint("`xmppctl room list` names those that are");
    }
    if outcome == Outcome::Outside {
        return Failure::new(Kind::NotFound, format!("you are not in {room}"))
            .with_hint(format!("`xmppctl room join {room}` enters; `xmppctl room list` says how it stands"));
    }
    failed(&place.account, outcome)
}

fn member(occupant: Occupant) -> RoomMember {
    let affiliation = match occupant.affiliation {
        Affiliation::Owner => "owner",
        Affiliation::Admin => "admin",
        Affiliation::Member => "member",
        Affiliation::None => "none",
        Affiliation::Outcast => "outcast",
    };
    let role = match occupant.role {
        Role::Moderator => "moderator",
        Role::Participant => "participant",
        Role::Visitor => "visitor",
        Role::None => "none",
    };
    RoomMember {
        nick: occupant.nick,
        affiliation: affiliation.to_owned(),
        role: role.to_owned(),
        jid: occupant.jid.map(|jid| jid.to_string()),
        occupant_id: occupant.id,
        show: hub::show(occupant.show),
    }
}
