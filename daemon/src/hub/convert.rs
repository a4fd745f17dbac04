//! The core's words in the contract's: what is said over a wire is made here, by hand, from what the core knows.

use jid::Jid;
use xmppd_core::account::{Aside, Available, Event, Incoming, LinkState, Noted, Problem, Profile, Session};
use xmppd_core::presence::{Directed, Explained, Layer, Part, Presence, Reason, Show, StatusWhen};
use xmppd_core::sasl::TlsVersion;
use xmppd_core::stanza::MessageKind;
use xmppd_core::stanza::remark::Remark;
use xmppd_core::stanza::roster::{Item, Subscription};
use xmppd_core::time::Wall;
use xmppd_core::tune::Track;
use xmppd_proto::reply::{self, ConnectionState, Contact, Direction, LayerName, Message, MessageState, MessageType};
use xmppd_proto::{
    Change, ChatStateChange, Failure, Kind, PresenceChange, ReactionChange, Receipt, Retraction, RoomChange,
    RosterChange, Timestamp, Tune, UnreadChange,
};

use super::{personal, rooms};

/// What an event of the contacts' becomes; the account's own events are the hub's.
pub(super) fn event(account: &str, event: Event) -> Option<Change> {
    let account = account.to_owned();
    match event {
        Event::Roster(items) => {
            let contacts = items.into_iter().map(contact).collect();
            Some(Change::Roster(RosterChange { account, contacts, whole: true, ..RosterChange::default() }))
        }
        Event::RosterItem(item) => {
            Some(Change::Roster(RosterChange { account, contacts: vec![contact(item)], ..RosterChange::default() }))
        }
        Event::RosterRemoved(jid) => {
            Some(Change::Roster(RosterChange { account, removed: vec![jid.to_string()], ..RosterChange::default() }))
        }
        Event::SubscriptionRequested(request) => {
            let requests = vec![reply::SubscriptionRequest {
                jid: request.from.to_string(),
                status: request.status,
                since: timestamp(request.at),
            }];
            Some(Change::Roster(RosterChange { account, requests, ..RosterChange::default() }))
        }
        Event::SubscriptionAnswered(jid) => {
            Some(Change::Roster(RosterChange { account, answered: vec![jid.to_string()], ..RosterChange::default() }))
        }
        Event::Available(available) => Some(Change::Presence(available_change(account, available))),
        Event::Unavailable(jid) => Some(Change::Presence(unavailable_change(account, &jid))),
        Event::Personal(jid, told) => Some(personal::change(account, jid.to_string(), told)),
        Event::Departed => Some(Change::Presence(PresenceChange { account, ..PresenceChange::default() })),
        Event::Message(incoming) => Some(Change::Message(Box::new(message(account, incoming)))),
        Event::Unread(chat, unread) => {
            let (jid, unread) = (chat.to_string(), u64::from(unread));
            Some(Change::Unread(UnreadChange { account, jid, unread }))
        }
        Event::Noted(noted) => noted_change(account, noted),
        Event::ChatState(from, state) => {
            let (from, state) = (from.to_string(), state.as_str().to_owned());
            Some(Change::ChatState(ChatStateChange { account, from, state }))
        }
        Event::Outbox(waiting) => {
            let waiting = u64::try_from(waiting).unwrap_or(u64::MAX);
            Some(Change::Outbox(reply::OutboxCount { account, waiting }))
        }
        Event::Room(report) => {
            let room = Some(rooms::room(report));
            Some(Change::Room(RoomChange { account, room, ..RoomChange::default() }))
        }
        Event::RoomForgotten(jid) => {
            let removed = Some(jid.to_string());
            Some(Change::Room(RoomChange { account, removed, ..RoomChange::default() }))
        }
        Event::Invited(invitation) => {
            let invitation = Some(rooms::invitation(invitation));
            Some(Change::Room(RoomChange { account, invitation, ..RoomChange::default() }))
        }
        Event::Link(_) | Event::Presence(..) | Event::TunePublished(_) | Event::Mistrusted | Event::SetAside(..) => {
            None
        }
    }
}

/// A track in the contract's words.
pub(crate) fn tune(track: &Track) -> Tune {
    Tune {
        artist: track.artist.clone(),
        title: track.title.clone(),
        source: track.source.clone(),
        track: track.track.clone(),
        length_ms: track.length.map(|length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX)),
        uri: track.uri.clone(),
        rating: track.rating,
    }
}

pub(super) fn connection(state: LinkState) -> ConnectionState {
    match state {
        LinkState::Offline => ConnectionState::Offline,
        LinkState::Connecting => ConnectionState::Connecting,
        LinkState::Online => ConnectionState::Online,
        LinkState::Retrying => ConnectionState::Retrying,
        LinkState::NeedsSecret => ConnectionState::NeedsSecret,
        LinkState::Stopped => ConnectionState::Stopped,
    }
}

/// An availability in the contract's words.
pub(crate) fn show(show: Show) -> xmppd_proto::Show {
    match show {
        Show::Online => xmppd_proto::Show::Online,
        Show::Chat => xmppd_proto::Show::Chat,
        Show::Away => xmppd_proto::Show::Away,
        Show::Xa => xmppd_proto::Show::Xa,
        Show::Dnd => xmppd_proto::Show::Dnd,
        Show::Offline => xmppd_proto::Show::Offline,
        Show::Invisible => xmppd_proto::Show::Invisible,
    }
}

pub(super) fn presence(presence: &Presence) -> reply::Presence {
    reply::Presence { show: show(presence.show), status: presence.status.clone(), priority: presence.priority }
}

/// A layer with what it decides and why.
pub(super) fn layer(explained: Explained<'_>) -> reply::Layer {
    let Explained { sheet, decides, reason } = explained;
    reply::Layer {
        layer: layer_name(sheet.layer),
        show: sheet.show.map(show),
        status: sheet.status.map(str::to_owned),
        priority: sheet.priority,
        until: sheet.until.map(timestamp),
        then: sheet.then.map(|then| reply::Then { show: show(then.show), status: then.status.clone() }),
        by: sheet.by.map(str::to_owned),
        decides: decides.into_iter().map(part).collect(),
        reason: Some(reason_for(reason)),
    }
}

/// What a single contact is told.
pub(super) fn directed(directed: &Directed) -> reply::Directed {
    reply::Directed {
        to: directed.to.to_string(),
        show: show(directed.show),
        status: directed.status.clone(),
        until: directed.until.map(timestamp),
    }
}

fn reason_for(reason: Reason) -> String {
    match reason {
        Reason::Highest => "nothing is above it".to_owned(),
        Reason::LeftOpenBy(above) => format!("{} leaves it open", above.as_str()),
        Reason::Under(above) => format!("{} is above it", above.as_str()),
        Reason::NeverOver(show) => format!("idle never overrides {}", show.as_str()),
        Reason::Tune(StatusWhen::Empty) => "there is no other text".to_owned(),
        Reason::Tune(StatusWhen::Always | StatusWhen::Never) => "status-when is always".to_owned(),
        Reason::OwnText => "there is another text, and status-when is empty".to_owned(),
        Reason::Never => "status-when is never".to_owned(),
        Reason::Unseen => "nobody sees you".to_owned(),
    }
}

fn layer_name(layer: Layer) -> LayerName {
    match layer {
        Layer::Base => LayerName::Base,
        Layer::Tune => LayerName::Tune,
        Layer::Idle => LayerName::Idle,
        Layer::Timed => LayerName::Timed,
        Layer::Scroll => LayerName::Scroll,
        Layer::Command => LayerName::Command,
    }
}

fn part(part: Part) -> reply::Part {
    match part {
        Part::Show => reply::Part::Show,
        Part::Status => reply::Part::Status,
        Part::Priority => reply::Part::Priority,
    }
}

/// Civil time as the contract writes it; a time that no calendar has becomes the epoch.
pub(crate) fn timestamp(wall: Wall) -> Timestamp {
    Timestamp::from_millisecond(wall.as_unix_millis()).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn error(problem: &Problem) -> reply::AccountError {
    reply::AccountError {
        kind: problem.kind.to_owned(),
        message: problem.message.clone(),
        retry_at: problem.retry_at.map(timestamp),
    }
}

/// What of a presence cannot be although the account is online.
pub(super) fn failure(problem: &Problem) -> Failure {
    Failure::new(Kind::Unsupported, problem.message.clone())
        .with_hint("`xmppctl status online` shows you again, `xmppctl status offline` leaves")
}

pub(super) fn tls(session: &Session) -> reply::Tls {
    let version = match session.tls {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    };
    reply::Tls { version: version.to_owned(), cipher: session.cipher.clone() }
}

pub(super) fn auth(session: &Session) -> reply::Auth {
    reply::Auth {
        mechanism: session.mechanism.clone(),
        channel_binding: session.channel_binding.map(str::to_owned),
        profile: match session.profile {
            Profile::Sasl => reply::AuthProfile::Sasl,
            Profile::Sasl2 => reply::AuthProfile::Sasl2,
        },
    }
}

pub(super) fn stream(session: &Session) -> reply::Stream {
    reply::Stream {
        resumable: session.resumable,
        resumed: session.resumed,
        round_trips: session.round_trips,
        bound_ms: session.bound_ms,
    }
}

fn contact(item: Item) -> Contact {
    Contact {
        jid: item.jid.to_string(),
        name: item.name,
        groups: item.groups,
        subscription: match item.subscription {
            Subscription::None | Subscription::Remove => reply::Subscription::None,
            Subscription::To => reply::Subscription::To,
            Subscription::From => reply::Subscription::From,
            Subscription::Both => reply::Subscription::Both,
        },
        ask: item.asked.then_some(reply::Ask::Subscribe),
        approved: item.approved,
        resources: Vec::new(),
        tune: None,
        personal: reply::Personal::default(),
    }
}

fn available_change(account: String, available: Available) -> PresenceChange {
    PresenceChange {
        account,
        jid: Some(available.from.to_bare().to_string()),
        resource: resource(&available.from),
        show: show(available.presence.show),
        status: available.presence.status,
        priority: available.presence.priority,
        since: available.since.map(timestamp),
    }
}

fn unavailable_change(account: String, jid: &Jid) -> PresenceChange {
    PresenceChange {
        account,
        jid: Some(jid.to_bare().to_string()),
        resource: resource(jid),
        show: xmppd_proto::Show::Offline,
        ..PresenceChange::default()
    }
}

fn resource(jid: &Jid) -> Option<String> {
    jid.resource().map(ToString::to_string)
}

/// A message of ours is not sent by itself any more.
pub(super) fn set_aside(account: String, id: String, aside: Aside, reason: String) -> Change {
    let state = match aside {
        Aside::Failed => MessageState::Failed,
        Aside::Uncertain => MessageState::Uncertain,
    };
    Change::Receipt(Receipt { account, id, to: None, state, reason: Some(reason) })
}

fn noted_change(account: String, noted: Noted) -> Option<Change> {
    let Noted { chat, from, remark, sent, .. } = noted;
    let (jid, from) = (chat.to_string(), from.to_string());
    let receipt =
        |account, id, to, state| (!sent).then_some(Change::Receipt(Receipt { account, id, to, state, reason: None }));
    match remark {
        Remark::Received(id) => receipt(account, id, Some(jid), MessageState::Received),
        Remark::Displayed(id) => receipt(account, id, Some(jid), MessageState::Displayed),
        Remark::Reactions(id, emojis) => Some(Change::Reaction(ReactionChange { account, jid, id, from, emojis })),
        Remark::Retraction(id) => Some(Change::Retraction(Retraction { account, jid, id, from })),
    }
}

/// A message in the contract's words.
pub(crate) fn message(account: String, incoming: Incoming) -> Message {
    Message {
        account,
        id: incoming.id,
        direction: if incoming.sent { Direction::Out } else { Direction::In },
        from: incoming.from.to_string(),
        to: incoming.to.to_string(),
        message_type: match incoming.kind {
            MessageKind::Normal | MessageKind::Error(_) => MessageType::Normal,
            MessageKind::Chat => MessageType::Chat,
            MessageKind::Groupchat => MessageType::Groupchat,
            MessageKind::Headline => MessageType::Headline,
        },
        body: incoming.body,
        subject: incoming.subject,
        encrypted: incoming.encrypted,
        urls: incoming.urls,
        timestamp: timestamp(incoming.at),
        delayed: incoming.delayed,
        carbon: incoming.carbon,
        stanza_id: incoming.place,
        origin_id: incoming.origin,
        room: incoming.room.map(rooms::speaker),
        state: None,
        reason: None,
        unread: false,
        replaces: incoming.replaces,
        replaced_by: None,
        reply_to: incoming.reply_to,
        reactions: Vec::new(),
        retracted: false,
    }
}
