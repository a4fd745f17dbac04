//! `xml`: the wire itself, for those who want to know what a server really said.

use clap::Subcommand;
use serde_json::value::RawValue;
use xmppd_proto::reply::{Direction, XmlFrame};
use xmppd_proto::request::XmlWatch;
use xmppd_proto::{Timestamp, jsonrpc};

use super::watch;
use crate::client::REQUEST;
use crate::report::{self, Stop};
use crate::screen::{Paint, Screen};
use crate::session::Session;
use crate::{text, xml};

/// Watch the wire of an account
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every element that crosses the wire, from now on; secrets and messages are masked
    Watch(Watch),
}

#[derive(clap::Args, Debug)]
struct Watch {
    /// Only what the server says
    #[arg(long = "in", conflicts_with = "outgoing")]
    incoming: bool,
    /// Only what the daemon says
    #[arg(long = "out")]
    outgoing: bool,
    /// Lay each element out on lines of its own
    #[arg(long)]
    pretty: bool,
    /// Mask nothing: show logins, tokens, passwords and messages as they are
    #[arg(long = "unsafe")]
    unmasked: bool,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    match args.action {
        Action::Watch(args) => watch_wire(&args, session),
    }
}

fn watch_wire(args: &Watch, session: &Session) -> Result<(), Stop> {
    let direction = match (args.incoming, args.outgoing) {
        (true, _) => Some(Direction::In),
        (false, true) => Some(Direction::Out),
        (false, false) => None,
    };
    let request = XmlWatch { direction, unmasked: args.unmasked, account: session.global.account.clone() };
    let line = jsonrpc::request_line(REQUEST, &request);
    session.print_request(&line)?;
    watch::follow(session, &line, jsonrpc::XML, |frame| print(frame, args.pretty, session), || Ok(()))
}

fn print(frame: &RawValue, is_pretty: bool, session: &Session) -> Result<(), Stop> {
    if session.global.json {
        return session.print_json(frame);
    }
    // What only a newer daemon knows cannot be worded here; `--json` shows it.
    let Ok(frame) = serde_json::from_str::<XmlFrame>(frame.get()) else { return Ok(()) };
    report::write(&page(&frame, is_pretty, &Screen::stdout(session.global.color)))
}

fn page(frame: &XmlFrame, is_pretty: bool, screen: &Screen) -> String {
    let is_stanza = xml::is_stanza(&frame.xml);
    let (arrow, paint) = match (frame.direction, is_stanza) {
        (Direction::In, true) => ("←", Paint::In),
        (Direction::In, false) => ("←", Paint::InStream),
        (Direction::Out, true) => ("→", Paint::Out),
        (Direction::Out, false) => ("→", Paint::OutStream),
    };
    let mut page = String::new();
    if let Some(lost) = frame.lost {
        page.push_str(&format!("{lost} elements were lost\n"));
    }
    let kind = if is_stanza { "stanza" } else { "stream" };
    let stamp = screen.paint(Paint::Faint, &clock(frame.at));
    let head = format!("{stamp}  {}  {}", text::line(&frame.account), screen.paint(paint, &format!("{arrow} {kind}")));
    if is_pretty {
        page.push_str(&format!("{head}\n"));
        for line in xml::pretty(&frame.xml) {
            page.push_str(&format!("  {}\n", screen.paint(paint, &text::line(&line))));
        }
    } else {
        page.push_str(&format!("{head}  {}\n", screen.paint(paint, &text::line(&frame.xml))));
    }
    page
}

fn clock(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(direction: Direction, xml: &str, is_pretty: bool) -> String {
        let frame = XmlFrame {
            at: Timestamp::UNIX_EPOCH,
            account: "home".into(),
            direction,
            xml: xml.into(),
            lost: (direction == Direction::In).then_some(3),
        };
        let page = page(&frame, is_pretty, &Screen { width: None, color: false, now: Timestamp::UNIX_EPOCH });
        // The time of day is the zone's.
        page.lines().map(|line| line.split_once(".000  ").map_or(line, |(_, rest)| rest)).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn direction_kind_and_loss_are_told() {
        assert_eq!(shown(Direction::Out, "<presence/>", false), "home  → stanza  <presence/>");
        assert_eq!(shown(Direction::In, "<r/>", false), "3 elements were lost|home  ← stream  <r/>");
        assert_eq!(shown(Direction::Out, "<iq><a>b</a></iq>", true), "home  → stanza|  <iq>|    <a>b</a>|  </iq>");
    }

    #[test]
    fn the_wire_cannot_steer_the_terminal() {
        assert_eq!(shown(Direction::Out, "<a>\u{9b}31m\u{202e}</a>", false), "home  → stream  <a>\\x9b31m</a>");
    }
}
