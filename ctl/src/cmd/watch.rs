//! `watch`: the present state, then every change, one a line. A daemon that goes away is waited for, and `--timeout`
//! ends it.

use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use xmppd_proto::reply::{
    AccountInfo, AccountStatus, Contact, Direction, Message, OutboxCount, Room, SubscriptionRequest, TuneReport,
};
use xmppd_proto::request::WatchStart;
use xmppd_proto::{
    Change, Event, Failure, Kind, PersonalChange, PresenceChange, RoomChange, RosterChange, Show, State, Timestamp,
    Topic, Topics, TuneChange, jsonrpc,
};

use super::{account, layer, personal, room, tune_show};
use crate::client::{Client, REQUEST};
use crate::report::{self, Stop};
use crate::screen::{Paint, Screen, paint_of_show};
use crate::session::Session;
use crate::{text, time};

/// The pauses between attempts to find the daemon again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Print the present state, then every change
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// status tune roster presence message receipt account outbox personal room; else all
    #[arg(value_name = "TOPIC")]
    pub(super) topics: Vec<Topic>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let topics = Topics::of(&args.topics);
    let line = jsonrpc::request_line(REQUEST, &WatchStart { topics: args.topics });
    session.print_request(&line)?;
    follow(
        session,
        &line,
        jsonrpc::EVENT,
        |event| print(event, topics, session),
        || {
            if session.global.json { report::write("{\"event\":\"gap\"}\n") } else { Ok(()) }
        },
    )
}

/// Does what the line asks for and prints what comes of it, until the limit that was asked for. A daemon that goes
/// away is waited for, once `gone` has told of it.
pub(super) fn follow(
    session: &Session,
    line: &str,
    name: &str,
    print: impl Fn(&RawValue) -> Result<(), Stop>,
    gone: impl Fn() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let end = session.global.timeout.and_then(|limit| Instant::now().checked_add(limit));
    let mut client = start(session, line)?;
    loop {
        while let Some(notification) = client.notification(name, end)? {
            print(&notification)?;
        }
        gone()?;
        if !session.global.json && !session.global.quiet {
            eprintln!("xmppctl: the daemon is gone, waiting for it");
        }
        client = start_again(session, line, end)?;
    }
}

fn start(session: &Session, line: &str) -> Result<Client, Failure> {
    let mut client = session.connect()?;
    client.call(line, session.patience(None))?;
    Ok(client)
}

/// Tries until a daemon answers. Only one that cannot be reached is tried again.
fn start_again(session: &Session, line: &str, end: Option<Instant>) -> Result<Client, Stop> {
    let mut pause = FIRST_PAUSE;
    loop {
        let left = end.map_or(pause, |end| end.saturating_duration_since(Instant::now()));
        std::thread::sleep(pause.min(left));
        match start(session, line) {
            Err(failure) if failure.kind == Kind::NoDaemon && left <= pause && end.is_some() => {
                return Err(Stop::Exit(0));
            }
            Err(failure) if failure.kind == Kind::NoDaemon => pause = (pause * 2).min(LONGEST_PAUSE),
            answer => return Ok(answer?),
        }
    }
}

fn print(event: &RawValue, topics: Topics, session: &Session) -> Result<(), Stop> {
    if session.global.json {
        return session.print_json(event);
    }
    // What only a newer daemon knows cannot be worded here; `--json` shows it.
    let Ok(event) = serde_json::from_str::<Event>(event.get()) else { return Ok(()) };
    let screen = Screen::stdout(session.global.color);
    let stamp = clock(screen.now);
    let mut page = String::new();
    for line in lines(&event.change, topics, &screen) {
        page.push_str(&format!("{}  {line}\n", screen.paint(Paint::Faint, &stamp)));
    }
    report::write(&page)
}

fn clock(now: Timestamp) -> String {
    now.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// What a change says, without the time.
fn lines(change: &Change, topics: Topics, screen: &Screen) -> Vec<String> {
    match change {
        Change::Snapshot(state) => snapshot(state, topics, screen),
        Change::Gap => vec!["events were lost".to_owned()],
        Change::Status(status) => vec![status_line(status, screen)],
        Change::Tune(change) => vec![tune_line(change)],
        Change::Presence(change) => vec![presence_line(change, screen)],
        Change::Personal(change) => vec![personal_line(change)],
        Change::Roster(change) => roster_lines(change),
        Change::Message(message) => vec![message_line(message)],
        Change::Account(info) => vec![account_line(info, screen)],
        Change::Outbox(count) => vec![outbox_line(count)],
        Change::Receipt(receipt) => {
            let to = receipt.to.as_deref().map(|to| format!("{}  ", text::line(to))).unwrap_or_default();
            let reason =
                receipt.reason.as_deref().map(|reason| format!("  {}", text::line(reason))).unwrap_or_default();
            let what = format!("{to}{}  {}{reason}", receipt.state.as_str(), text::line(&receipt.id));
            vec![said("receipt", &receipt.account, &what)]
        }
        Change::Reaction(change) => {
            let emojis = if change.emojis.is_empty() { "nothing any more".to_owned() } else { change.emojis.join(" ") };
            let what =
                format!("{} puts {} to {}", text::line(&change.from), text::line(&emojis), text::line(&change.id));
            vec![said("message", &change.account, &what)]
        }
        Change::Retraction(change) => {
            let what = format!("{} takes back {}", text::line(&change.from), text::line(&change.id));
            vec![said("message", &change.account, &what)]
        }
        Change::ChatState(change) => {
            let what = format!("{}  {}", text::line(&change.from), text::line(&change.state));
            vec![said("message", &change.account, &what)]
        }
        Change::Unread(change) => vec![unread_line(&change.account, &change.jid, change.unread)],
        Change::Room(change) => room_lines(change),
    }
}

fn room_lines(change: &RoomChange) -> Vec<String> {
    let room = change.room.iter().map(|room| room_line(&change.account, room));
    let removed = change.removed.iter();
    let removed = removed.map(|jid| said("room", &change.account, &format!("{}  forgotten", text::line(jid))));
    let invited = change.invitation.iter().map(|invitation| {
        let from = invitation.from.as_deref().map(|from| format!(" by {}", text::line(from))).unwrap_or_default();
        let reason = invitation.reason.as_deref().map(|why| format!(": {}", text::line(why))).unwrap_or_default();
        said("room", &change.account, &format!("{}  you are invited{from}{reason}", text::line(&invitation.jid)))
    });
    room.chain(removed).chain(invited).collect()
}

fn room_line(account: &str, room: &Room) -> String {
    let nick = room.nick.as_deref().map(|nick| format!(" as {}", text::line(nick))).unwrap_or_default();
    let subject = room.subject.as_deref().map(|subject| format!("  {}", text::line(subject))).unwrap_or_default();
    let standing = room::standing(room);
    said("room", account, &format!("{}  {}{nick}{subject}", text::line(&room.jid), text::line(&standing)))
}

fn outbox_line(count: &OutboxCount) -> String {
    let what = match count.waiting {
        0 => "empty".to_owned(),
        1 => "1 message waits".to_owned(),
        waiting => format!("{waiting} messages wait"),
    };
    said("outbox", &count.account, &what)
}

fn unread_line(account: &str, jid: &str, unread: u64) -> String {
    said("message", account, &format!("{}  {unread} unread", text::line(jid)))
}

/// The state in the words of its changes; of the contacts, those that are there.
fn snapshot(state: &State, topics: Topics, screen: &Screen) -> Vec<String> {
    let mut lines = Vec::new();
    if topics.contains(Topic::Account) {
        lines.extend(state.account.accounts.iter().map(|info| account_line(info, screen)));
    }
    if topics.contains(Topic::Status) {
        lines.extend(state.status.accounts.iter().map(|status| status_line(status, screen)));
    }
    if topics.contains(Topic::Outbox) {
        lines.extend(state.outbox.accounts.iter().map(outbox_line));
    }
    if topics.contains(Topic::Room) {
        let rooms = state.room.accounts.iter();
        lines.extend(rooms.flat_map(|known| known.rooms.iter().map(|room| room_line(&known.account, room))));
    }
    if topics.contains(Topic::Tune) {
        lines.push(tune_line(&TuneChange { account: None, jid: None, report: state.tune.clone() }));
    }
    for account in &state.unread.accounts {
        lines.extend(account.chats.iter().map(|chat| unread_line(&account.account, &chat.jid, chat.unread)));
    }
    for roster in &state.roster.accounts {
        if topics.contains(Topic::Roster) {
            lines.push(said("roster", &roster.account, &count(&roster.contacts)));
            lines.extend(roster.requests.iter().map(|request| request_line(&roster.account, request)));
        }
        if topics.contains(Topic::Presence) {
            let present = roster.contacts.iter().flat_map(|contact| {
                contact.resources.iter().map(|resource| PresenceChange {
                    account: roster.account.clone(),
                    jid: Some(contact.jid.clone()),
                    resource: resource.resource.clone(),
                    show: resource.show,
                    status: resource.status.clone(),
                    priority: resource.priority,
                    since: resource.since,
                })
            });
            lines.extend(present.map(|change| presence_line(&change, screen)));
        }
    }
    lines
}

fn said(topic: &str, account: &str, what: &str) -> String {
    format!("{topic:<8}  {}  {what}", text::line(account))
}

fn shown(show: Show, status: Option<&str>, screen: &Screen) -> String {
    let show = screen.paint(paint_of_show(show), show.as_str());
    match status {
        Some(status) => format!("{show}  {}", text::line(status)),
        None => show,
    }
}

fn status_line(status: &AccountStatus, screen: &Screen) -> String {
    let effective = &status.effective;
    let delivery = status.delivery.as_str();
    let shown = shown(effective.show, effective.status.as_deref(), screen);
    let from = match layer::source(status, screen.now).as_str() {
        "" | "you" => String::new(),
        from => format!(", {from}"),
    };
    said("status", &status.account, &format!("{shown}  ({delivery}{from})"))
}

fn account_line(info: &AccountInfo, screen: &Screen) -> String {
    let state = screen.paint(account::paint_of_state(info.state), info.state.as_str());
    let detail = account::detail(info, screen.now);
    let detail = if detail.is_empty() { detail } else { format!("  {}", text::line(&detail)) };
    said("account", &info.account, &format!("{state}{detail}"))
}

fn tune_line(change: &TuneChange) -> String {
    let TuneReport { tune: song, player, state, reason, .. } = &change.report;
    let what = match (song, reason) {
        (Some(song), _) => tune_show::name(song),
        (None, Some(reason)) => format!("{}: {}", state.as_str(), text::line(reason)),
        (None, None) => state.as_str().to_owned(),
    };
    let from = change.jid.as_deref().or(player.as_deref()).unwrap_or("-");
    said("tune", from, &what)
}

fn presence_line(change: &PresenceChange, screen: &Screen) -> String {
    let who = match (&change.jid, &change.resource) {
        (Some(jid), Some(resource)) => format!("{}/{}", text::line(jid), text::line(resource)),
        (Some(jid), None) => text::line(jid).into_owned(),
        (None, _) => "everybody".to_owned(),
    };
    said("presence", &change.account, &format!("{who}  {}", shown(change.show, change.status.as_deref(), screen)))
}

fn personal_line(change: &PersonalChange) -> String {
    let (told, text) = personal::words(&change.personal);
    let told = if told.is_empty() { "nothing".to_owned() } else { told };
    let what = change.what.as_str();
    said(
        what,
        &change.account,
        format!("{}  {}  {}", text::line(&change.jid), text::line(&told), text::line(&text)).trim_end(),
    )
}

fn roster_lines(change: &RosterChange) -> Vec<String> {
    if change.whole {
        return vec![said("roster", &change.account, &count(&change.contacts))];
    }
    let changed = change.contacts.iter().map(|contact| {
        let name = contact.name.as_deref().map(|name| format!("  {}", text::line(name))).unwrap_or_default();
        said(
            "roster",
            &change.account,
            &format!("{}{name}  {}", text::line(&contact.jid), contact.subscription.as_str()),
        )
    });
    let removed =
        change.removed.iter().map(|jid| said("roster", &change.account, &format!("{}  removed", text::line(jid))));
    let requests = change.requests.iter().map(|request| request_line(&change.account, request));
    let answered = change.answered.iter();
    let answered = answered.map(|jid| said("roster", &change.account, &format!("{}  asks no more", text::line(jid))));
    changed.chain(removed).chain(requests).chain(answered).collect()
}

fn request_line(account: &str, request: &SubscriptionRequest) -> String {
    let says = request.status.as_deref().map(|says| format!(": {}", text::line(says))).unwrap_or_default();
    said("roster", account, &format!("{}  asks to see you{says}", text::line(&request.jid)))
}

fn count(contacts: &[Contact]) -> String {
    match contacts.len() {
        1 => "1 contact".to_owned(),
        several => format!("{several} contacts"),
    }
}

fn message_line(message: &Message) -> String {
    let (arrow, who) = match message.direction {
        Direction::In => ("←", &message.from),
        Direction::Out => ("→", &message.to),
    };
    let what = match (&message.body, &message.encrypted, &message.subject) {
        (Some(body), _, _) => text::line(body).into_owned(),
        (None, Some(method), _) => text::unreadable(method),
        (None, None, Some(subject)) => text::line(subject).into_owned(),
        (None, None, None) => message.urls.iter().map(|url| text::line(url)).collect::<Vec<_>>().join(" "),
    };
    let when = if message.delayed {
        format!("  (sent {})", time::clock(message.timestamp, Timestamp::now()))
    } else {
        String::new()
    };
    let corrects = message.replaces.as_deref().map(|id| format!("  (corrects {})", text::line(id)));
    let answers = message.reply_to.as_deref().map(|id| format!("  (answers {})", text::line(id)));
    let notes = corrects.into_iter().chain(answers).collect::<String>();
    said("message", &message.account, &format!("{arrow} {}  {what}{when}{notes}", text::line(who)))
}
