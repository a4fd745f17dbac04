//! `room`: the rooms that the account is in or remembers, and who is there.

use std::io::Read;

use clap::Subcommand;
use xmppd_proto::reply::{Room, RoomMembersReport, RoomReport, RoomState};
use xmppd_proto::request::{RoomInvite, RoomJoin, RoomLeave, RoomListing, RoomMembers};
use xmppd_proto::{Failure, Kind};

use crate::report::Stop;
use crate::screen::{Paint, Screen, paint_of_show};
use crate::session::{Answer, Session};
use crate::table::{Table, cell, painted};

/// No password is longer.
const LONGEST_PASSWORD: u64 = 4096;

/// Show the rooms, enter and leave them; `send ROOM TEXT` speaks there
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Enter a room, now and at the start of each session; one that is not there is made
    Join {
        /// The room's address
        jid: String,
        /// The nickname; without it the bookmark's, or your own name
        #[arg(long, value_name = "N")]
        nick: Option<String>,
        /// A file with the room's password, `-` for standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<String>,
    },
    /// Leave a room and keep its bookmark
    Leave {
        /// The room's address
        jid: String,
        /// Remove the bookmark, too
        #[arg(long)]
        forget: bool,
    },
    /// List the rooms that are bookmarked or entered
    List,
    /// List who is in a room
    Members {
        /// The room's address
        jid: String,
    },
    /// Have a room invite somebody
    Invite {
        /// The room's address
        jid: String,
        /// Who is to come
        whom: String,
        /// Why
        reason: Option<String>,
    },
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    match args.action.unwrap_or(Action::List) {
        Action::Join { jid, nick, password_file } => {
            let password = password_file.as_deref().map(password).transpose()?;
            let call = RoomJoin { jid, nick, password, account };
            session.run_with(&call, session.patience(Some("entering …")), Answer::Confirmation, table)
        }
        Action::Leave { jid, forget } => session.run(&RoomLeave { jid, forget, account }, Answer::Confirmation, table),
        Action::List => session.run(&RoomListing { account }, Answer::List("no room is bookmarked or entered"), table),
        Action::Members { jid } => session.run(&RoomMembers { jid, account }, Answer::Data, members),
        Action::Invite { jid, whom, reason } => {
            let call = RoomInvite { jid, whom, reason, account };
            session.run(&call, Answer::Confirmation, |_, _| String::new())
        }
    }
}

/// The first line of a file.
fn password(file: &str) -> Result<String, Failure> {
    let unreadable = |error| Failure::new(Kind::Usage, format!("cannot read the password from {file}: {error}"));
    let mut text = String::new();
    if file == "-" {
        std::io::stdin().lock().take(LONGEST_PASSWORD).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(LONGEST_PASSWORD).read_to_string(&mut text).map_err(unreadable)?;
    }
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => Err(Failure::usage(format!("there is no password in {file}"))),
    }
}

fn table(report: &RoomReport, screen: &Screen) -> String {
    if report.accounts.iter().all(|account| account.rooms.is_empty()) {
        return String::new();
    }
    let several = report.accounts.len() > 1;
    let mut table = Table::new(&["ACCOUNT", "ROOM", "STATE", "NICK", "SUBJECT"]);
    for account in &report.accounts {
        for room in &account.rooms {
            let name = if several { account.account.as_str() } else { "" };
            table.row(vec![
                painted(Paint::Strong, name),
                painted(Paint::Strong, &room.jid),
                cell(&standing(room)),
                cell(room.nick.as_deref().unwrap_or_default()),
                cell(room.subject.as_deref().or(room.name.as_deref()).unwrap_or_default()),
            ]);
        }
    }
    table.render(screen)
}

/// The state in words, and why.
pub(super) fn standing(room: &Room) -> String {
    let mut words = room.state.as_str().to_owned();
    if let Some(reason) = &room.reason {
        words += &format!(": {reason}");
    }
    if room.autojoin && room.state == RoomState::Left {
        words += ", entered at the next login";
    }
    words
}

fn members(report: &RoomMembersReport, screen: &Screen) -> String {
    let mut table = Table::new(&["NICK", "ROLE", "AFFILIATION", "SHOW", "JID"]);
    for member in &report.members {
        table.row(vec![
            painted(Paint::Strong, &member.nick),
            cell(&member.role),
            cell(&member.affiliation),
            painted(paint_of_show(member.show), member.show.as_str()),
            cell(member.jid.as_deref().unwrap_or_default()),
        ]);
    }
    let more = if report.more { "… and more, who are not remembered\n" } else { "" };
    table.render(screen) + more
}
