//! What an account wants done or known, in the words that transcripts use:
//!
//! ```text
//! dial DOMAIN [at HOST:PORT [redirected]]    starttls    needs-secret    derive HASH COUNT    hang-up polite|abrupt
//! store tune-out yes|no    store tokens [MECHANISM=TOKEN*USES …]    store offer direct|starttls HT… bind NS… [resumable]
//! store session none|JID ID handled N [max N]    store handled N    store message ID at N    store arrived|failed|withdrawn ID…    store merged ID [behind] "BODY"    store returned ID [without its text] the N. time|failed "WORDS" [forgets NAME]    store read JID [up to ID]
//! reply N done|unsupported|pending|sent|acknowledged|answer ELEMENT|refused CONDITION|not-online [KIND "WORDS"]|timed-out
//! reply N withheld    reply N message ID|queued ID|not-kept "WORDS"  the message is at the server, or kept, or neither
//! link STATE [KIND "WORDS"] [retry N s]         and, online: JID MECHANISM BINDING trips=N [resumable]
//! presence SHOW ["TEXT"] [priority N] [from tune] pending|sent|acknowledged
//! roster [JID=SUBSCRIPTION …]    roster-item JID=SUBSCRIPTION    roster-removed JID
//! store roster "VER" [JID=SUBSCRIPTION …]|none    store push "VER" after "VER" JID=SUBSCRIPTION …
//! store request JID    store answered JID    requested JID ["WORDS"]    answered JID
//! available JID SHOW ["TEXT"] [priority N] [since MILLIS]    unavailable JID
//! contact-tune JID TUNE    contact-mood|activity|nick|avatar JID WHAT    tune-published TUNE    tune-failed "WORDS"      TUNE: "ARTIST – TITLE" or nothing
//! departed    mistrusted    unread JID COUNT    chat-state JID STATE
//! noted JID received|displayed|reactions|retracted ID [EMOJIS] [by us] [of ours|OCCUPANT|JID]
//! message JID KIND ["SUBJECT"] ["BODY"] [encrypted "METHOD"] [at URL …] [copy [of ours]] [delayed MILLIS] [replaces ID]
//! [reply to ID]
//! ```

use jid::BareJid;
use xmppd_core::account::{
    Aside, Author, Available, Border, Change, Delivery, Event, HangUp, Incoming, Known, LinkState, Noted, Occupant,
    Outcome, Output, Problem, Remembered, Report, Returned, RoomReport, Session, Token, TunePublished,
};
use xmppd_core::pep::Personal;
use xmppd_core::presence::{Composed, Layer, Presence};
use xmppd_core::stanza::MessageKind;
use xmppd_core::stanza::remark::Remark;
use xmppd_core::stanza::roster::{Item, Subscription};
use xmppd_core::time::Wall;
use xmppd_core::tune::Track;

/// The words for an output; none for bytes, which are compared as XML.
pub(crate) fn of_output(output: &Output, now: Wall) -> Option<String> {
    Some(match output {
        Output::Write(_) => return None,
        Output::Dial(dial) => {
            let server = dial.server.as_ref().map(|(host, port)| format!(" at {host}:{port}"));
            let redirected = if dial.redirected { " redirected" } else { "" };
            format!("dial {}{}{redirected}", dial.domain, server.unwrap_or_default())
        }
        Output::StartTls => "starttls".into(),
        Output::NeedSecret => "needs-secret".into(),
        Output::Derive(_, derivation) => format!("derive {} {}", derivation.hash.name(), derivation.iterations),
        Output::HangUp(HangUp::Polite) => "hang-up polite".into(),
        Output::HangUp(HangUp::Abrupt) => "hang-up abrupt".into(),
        Output::Store(_, change) => format!("store {}", of_change(change)),
        Output::Load(most) => format!("load {most}"),
        Output::Reply(ticket, outcome) => format!("reply {} {}", ticket.0, of_outcome(outcome)),
        Output::Event(event) => of_event(event, now),
    })
}

/// The contract's word for a state.
pub(crate) fn of_state(state: LinkState) -> &'static str {
    match state {
        LinkState::Offline => "offline",
        LinkState::Connecting => "connecting",
        LinkState::Online => "online",
        LinkState::Retrying => "retrying",
        LinkState::NeedsSecret => "needs-secret",
        LinkState::Stopped => "stopped",
    }
}

fn of_aside(id: &str, aside: Aside, reason: &str) -> String {
    let word = match aside {
        Aside::Failed => "failed",
        Aside::Uncertain => "uncertain",
    };
    format!("{word} {id} {reason:?}")
}

fn of_change(change: &Change) -> String {
    match change {
        Change::TuneOut(true) => "tune-out yes".into(),
        Change::TuneOut(false) => "tune-out no".into(),
        Change::Tokens(tokens) => {
            let token = |token: &Token| format!(" {}={}*{}", token.mechanism, token.secret.reveal(), token.count);
            format!("tokens{}", tokens.iter().map(token).collect::<String>())
        }
        Change::Offer(offer) => format!("offer {}", of_offer(offer)),
        Change::Session(None) => "session none".into(),
        Change::Session(Some(kept)) => {
            let max = kept.max.map(|max| format!(" max {}", max.as_secs())).unwrap_or_default();
            let location = kept.location.as_ref().map(|(host, port)| format!(" at {host}:{port}"));
            format!(
                "session {} {} handled {}{max}{}",
                kept.jid,
                kept.previd,
                kept.handled,
                location.unwrap_or_default()
            )
        }
        Change::Handled(handled, _, known) => format!("handled {handled}{}", of_known(known)),
        Change::Known(known) => format!("known{}", of_known(known)),
        Change::Message(message, _) => match message.position {
            Some(position) => format!("message {} at {position}", message.id),
            None => format!("message {} without a place", message.id),
        },
        Change::Backlog(message, _) => format!("behind {}", message.id),
        Change::SetAside(id, aside, reason) => of_aside(id, *aside, reason),
        Change::Arrived(ids, names) => {
            let names: String = names.iter().map(|name| format!(" told {name}")).collect();
            format!("arrived {}{names}", ids.join(" "))
        }
        Change::Failed(ids, _) => format!("failed {}", ids.join(" ")),
        Change::Returned(returned) => of_returned(returned),
        Change::Merged(merged) => {
            let behind = if merged.behind { " behind" } else { "" };
            format!("merged {}{behind} {:?}", merged.id, merged.body)
        }
        Change::Withdrawn(ids) => format!("withdrawn {}", ids.join(" ")),
        Change::Read(chat, None) => format!("read {chat}"),
        Change::Read(chat, Some(id)) => format!("read {chat} up to {id}"),
        Change::Roster(None) => "roster none".into(),
        Change::Roster(Some(kept)) => of_items(format!("roster {:?}", kept.ver), &kept.items),
        Change::RosterPush(push) => of_items(format!("push {:?} after {:?}", push.ver, push.after), &push.items),
        Change::SubscriptionRequest(request) => format!("request {}", request.from),
        Change::SubscriptionAnswered(jid) => format!("answered {jid}"),
        Change::Room(room) => {
            let autojoin = if room.autojoin { " autojoin" } else { "" };
            let bookmarked = if room.bookmarked { " bookmarked" } else { "" };
            format!("room {} {}{autojoin}{bookmarked}", room.jid, room.nick.as_deref().unwrap_or("-"))
        }
        Change::RoomForgotten(room) => format!("room-forgotten {room}"),
    }
}

fn of_returned(returned: &Returned) -> String {
    let Returned { message, reason, has_failed, forgets } = returned;
    let text = if message.stanza.is_empty() { " without its text" } else { "" };
    let what = if *has_failed { " failed".into() } else { format!(" the {}. time", message.returned) };
    let forgets = forgets.as_ref().map(|name| format!(" forgets {name}")).unwrap_or_default();
    format!("returned {}{text}{what} {reason:?}{forgets}", message.id)
}

fn of_known(known: &Known) -> String {
    let border = known.border.as_ref().map(|border| format!(" border {}", border.id.as_deref().unwrap_or("none")));
    let told = known.told.iter().map(|name| format!(" told {name}"));
    let end = |border: &Border| border.id.clone().unwrap_or_else(|| "by time".into());
    let rooms = known.rooms.iter().map(|(room, border)| format!(" in {room} {}", end(border)));
    let files =
        known.messages.iter().map(|message| format!(" files {:?}", message.body.as_deref().unwrap_or_default()));
    let notes = known.notes.iter().map(|noted| format!(" notes {}", of_noted(noted)));
    let shown = known.shown.iter().map(|shown| format!(" shown {} at {}", shown.id, shown.place));
    border.into_iter().chain(told).chain(rooms).chain(files).chain(shown).chain(notes).collect()
}

fn of_noted(noted: &Noted) -> String {
    let what = match &noted.remark {
        Remark::Received(id) => format!("received {id}"),
        Remark::Displayed(id) => format!("displayed {id}"),
        Remark::Reactions(id, emojis) => format!("reactions {id} {}", emojis.concat()),
        Remark::Retraction(id) => format!("retracted {id}"),
    };
    let by = if noted.sent { " by us" } else { "" };
    match &noted.about {
        None => format!("{} {what}{by}", noted.chat),
        Some(Author::Us) => format!("{} {what}{by} of ours", noted.from),
        Some(Author::Occupant(id)) => format!("{} {what}{by} of {id}", noted.from),
        Some(Author::Nick(jid) | Author::Address(jid)) => format!("{} {what}{by} of {jid}", noted.from),
    }
}

fn of_offer(offer: &Remembered) -> String {
    let port = if offer.direct { "direct" } else { "starttls" };
    let management = if offer.management { " resumable" } else { "" };
    let version = offer.config_version.as_ref().map(|name| format!(" version {}", name.value)).unwrap_or_default();
    format!("{port} {} bind {}{management}{version}", offer.fast.join(" "), offer.bind.join(" "))
}

fn of_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered(delivery) => of_delivery(*delivery).into(),
        Outcome::Sent(id) => format!("message {id}"),
        Outcome::Queued(id) => format!("queued {id}"),
        Outcome::NotKept(reason) => format!("not-kept {reason:?}"),
        Outcome::Answer(Some(payload)) => format!("answer {}", payload.name()),
        Outcome::Answer(None) => "answer nothing".into(),
        Outcome::Refused(error) => format!("refused {}", error.condition),
        Outcome::NotOnline(Some(problem)) => format!("not-online {}", of_problem(problem)),
        Outcome::NotOnline(None) => "not-online".into(),
        Outcome::TimedOut => "timed-out".into(),
        Outcome::Withheld => "withheld".into(),
        Outcome::TooLate => "too-late".into(),
        Outcome::IdTaken(id) => format!("id-taken {id}"),
        Outcome::Unknown => "unknown".into(),
        Outcome::Occupants(occupants, more) => {
            let one = |it: &Occupant| format!(" {}={:?}/{:?}", it.nick, it.affiliation, it.role).to_lowercase();
            let more = if *more { " and more" } else { "" };
            format!("occupants{}{more}", occupants.iter().map(one).collect::<String>())
        }
        Outcome::Outside => "outside".into(),
        Outcome::Invisible => "invisible".into(),
        Outcome::Unsupported => "unsupported".into(),
        Outcome::Exposed(error) => format!("exposed {}", error.condition),
        Outcome::Done => "done".into(),
    }
}

fn of_event(event: &Event, now: Wall) -> String {
    match event {
        Event::Link(report) => of_report(report, now),
        Event::Presence(composed, delivery) => {
            format!("presence {} {}", of_composed(composed), of_delivery(*delivery))
        }
        Event::Roster(items) => of_items("roster".to_owned(), items),
        Event::RosterItem(item) => format!("roster-item {}", of_item(item)),
        Event::RosterRemoved(jid) => format!("roster-removed {jid}"),
        Event::SubscriptionRequested(request) => {
            let status = request.status.as_ref().map(|status| format!(" {status:?}")).unwrap_or_default();
            format!("requested {}{status}", request.from)
        }
        Event::SubscriptionAnswered(jid) => format!("answered {jid}"),
        Event::Available(available) => of_available(available),
        Event::Unavailable(jid) => format!("unavailable {jid}"),
        Event::Departed => "departed".into(),
        Event::SetAside(id, aside, reason) => of_aside(id, *aside, reason),
        Event::Outbox(waiting) => format!("outbox {waiting}"),
        Event::Mistrusted => "mistrusted".into(),
        Event::Personal(jid, personal) => of_personal(jid, personal),
        Event::TunePublished(TunePublished::Done(track)) => format!("tune-published {}", of_track(track.as_ref())),
        Event::TunePublished(TunePublished::Failed(_, reason)) => format!("tune-failed {reason:?}"),
        Event::Message(message) => of_message(message),
        Event::ChatState(from, state) => format!("chat-state {from} {}", state.as_str()),
        Event::Noted(noted) => format!("noted {}", of_noted(noted)),
        Event::Unread(chat, count) => format!("unread {chat} {count}"),
        Event::Room(report) => of_room(report),
        Event::RoomForgotten(room) => format!("room-forgotten {room}"),
        Event::Invited(invitation) => {
            let from = invitation.from.as_ref().map(|from| format!(" by {from}")).unwrap_or_default();
            let reason = invitation.reason.as_ref().map(|reason| format!(" {reason:?}")).unwrap_or_default();
            format!("invited {}{from}{reason}", invitation.room)
        }
    }
}

fn of_room(report: &RoomReport) -> String {
    let state = format!("{:?}", report.state).to_lowercase();
    let mut words = format!("room {} {state} {}", report.jid, report.nick.as_deref().unwrap_or("-"));
    for (is_so, word) in [(report.autojoin, " autojoin"), (report.bookmarked, " bookmarked")] {
        words += if is_so { word } else { "" };
    }
    for (name, text) in [("subject", &report.subject), ("because", &report.reason)] {
        words += &text.as_ref().map(|text| format!(" {name} {text:?}")).unwrap_or_default();
    }
    words
}

fn of_report(report: &Report, now: Wall) -> String {
    let mut words = format!("link {}", of_state(report.state));
    if let Some(problem) = &report.problem {
        words += &format!(" {}", of_problem(problem));
        if let Some(at) = problem.retry_at {
            let millis = at.as_unix_millis() - now.as_unix_millis();
            words += &format!(" retry {} s", millis / 1000);
        }
    }
    if let Some(session) = &report.session {
        words += &format!(" {}", of_session(session));
    }
    words
}

fn of_session(session: &Session) -> String {
    let binding = session.channel_binding.unwrap_or("unbound");
    let resumable = if session.resumable { " resumable" } else { "" };
    format!("{} {} {binding} trips={}{resumable}", session.jid, session.mechanism, session.round_trips)
}

fn of_problem(problem: &Problem) -> String {
    format!("{} {:?}", problem.kind, problem.message)
}

fn of_delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Pending => "pending",
        Delivery::Sent => "sent",
        Delivery::Acknowledged => "acknowledged",
    }
}

fn of_composed(composed: &Composed) -> String {
    let tune = match (composed.status_from, &composed.tune) {
        (Some(Layer::Tune), _) => " from tune",
        (_, Some(_)) => " tune withheld",
        (_, None) => "",
    };
    format!("{}{tune}", of_presence(&composed.presence))
}

fn of_presence(presence: &Presence) -> String {
    let mut words = presence.show.as_str().to_owned();
    if let Some(status) = &presence.status {
        words += &format!(" {status:?}");
    }
    if presence.priority != 0 {
        words += &format!(" priority {}", presence.priority);
    }
    words
}

fn of_available(available: &Available) -> String {
    let since = available.since.map(|since| format!(" since {}", since.as_unix_millis()));
    format!("available {} {}{}", available.from, of_presence(&available.presence), since.unwrap_or_default())
}

fn of_items(words: String, items: &[Item]) -> String {
    items.iter().fold(words, |words, item| format!("{words} {}", of_item(item)))
}

fn of_item(item: &Item) -> String {
    let subscription = match item.subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
        Subscription::Remove => "remove",
    };
    format!("{}={subscription}", item.jid)
}

fn of_track(track: Option<&Track>) -> String {
    let Some(track) = track else { return "nothing".into() };
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{:?}", format!("{} – {}", part(&track.artist), part(&track.title)))
}

fn of_personal(jid: &BareJid, personal: &Personal) -> String {
    let nothing = || "nothing".to_owned();
    let (what, told) = match personal {
        Personal::Mood(mood) => ("mood", mood.as_ref().map(|mood| format!("{} {:?}", mood.value, mood.text))),
        Personal::Activity(activity) => {
            ("activity", activity.as_ref().map(|it| format!("{}/{:?} {:?}", it.general, it.specific, it.text)))
        }
        Personal::Tune(track) => ("tune", Some(of_track(track.as_ref()))),
        Personal::Nick(nick) => ("nick", nick.as_ref().map(|nick| format!("{nick:?}"))),
        Personal::Avatar(avatar) => {
            ("avatar", avatar.as_ref().map(|it| format!("{} {} {}", it.id, it.media_type, it.bytes)))
        }
    };
    format!("contact-{what} {jid} {}", told.unwrap_or_else(nothing))
}

fn of_message(message: &Incoming) -> String {
    let kind = match message.kind {
        MessageKind::Normal => "normal",
        MessageKind::Chat => "chat",
        MessageKind::Groupchat => "groupchat",
        MessageKind::Headline => "headline",
        MessageKind::Error(_) => "error",
    };
    let mut words = format!("message {} {kind}", message.from);
    for text in [&message.subject, &message.body].into_iter().flatten() {
        words += &format!(" {text:?}");
    }
    if let Some(method) = &message.encrypted {
        words += &format!(" encrypted {method:?}");
    }
    for url in &message.urls {
        words += &format!(" at {url}");
    }
    if let Some(id) = message.room.as_ref().and_then(|room| room.id.as_ref()) {
        words += &format!(" by {id}");
    }
    if message.carbon {
        words += if message.sent { " copy of ours" } else { " copy" };
    }
    if message.delayed {
        words += &format!(" delayed {}", message.at.as_unix_millis());
    }
    words.extend(message.replaces.iter().map(|id| format!(" replaces {id}")));
    words.extend(message.reply_to.iter().map(|id| format!(" reply to {id}")));
    words
}
