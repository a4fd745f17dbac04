//! The nouns and verbs, one file each: its words, its request, its printing.

pub(crate) mod account;
mod account_show;
pub(crate) mod activity;
pub(crate) mod ask;
pub(crate) mod avatar;
pub(crate) mod block;
pub(crate) mod config;
pub(crate) mod daemon;
pub(crate) mod doctor;
pub(crate) mod history;
mod hold;
mod layer;
pub(crate) mod mood;
pub(crate) mod nick;
pub(crate) mod outbox;
mod personal;
pub(crate) mod ping;
pub(crate) mod probe;
pub(crate) mod room;
pub(crate) mod roster;
mod roster_verbs;
pub(crate) mod rpc;
pub(crate) mod scroll;
pub(crate) mod send;
pub(crate) mod status;
pub(crate) mod tune;
pub(crate) mod tune_show;
pub(crate) mod unread;
mod upload;
pub(crate) mod wait;
pub(crate) mod watch;
pub(crate) mod xml;

use clap::Subcommand;

use crate::report::Stop;
use crate::session::Session;

/// The nouns and verbs, one file each.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status(status::Args),
    Scroll(scroll::Args),
    Tune(tune::Args),
    Mood(mood::Args),
    Activity(activity::Args),
    Nick(nick::Args),
    Avatar(avatar::Args),
    Roster(roster::Args),
    Block(block::Args),
    Room(room::Args),
    Account(account::Args),
    Send(send::Args),
    Ask(ask::Args),
    History(history::Args),
    Unread(unread::Args),
    Wait(wait::Args),
    Watch(watch::Args),
    Xml(xml::Args),
    Outbox(outbox::Args),
    Ping(ping::Args),
    Probe(probe::Args),
    Doctor(doctor::Args),
    Config(config::Args),
    Daemon(daemon::Args),
    Rpc(rpc::Args),
}

/// Does what a verb says.
pub(crate) fn run(verb: Verb, session: &Session) -> Result<(), Stop> {
    match verb {
        Verb::Status(args) => status::run(args, session),
        Verb::Scroll(args) => scroll::run(args, session),
        Verb::Tune(args) => tune::run(args, session),
        Verb::Mood(args) => mood::run(args, session),
        Verb::Activity(args) => activity::run(args, session),
        Verb::Nick(args) => nick::run(args, session),
        Verb::Avatar(args) => avatar::run(args, session),
        Verb::Roster(args) => roster::run(args, session),
        Verb::Block(args) => block::run(args, session),
        Verb::Room(args) => room::run(args, session),
        Verb::Account(args) => account::run(args, session),
        Verb::Send(args) => send::run(args, session),
        Verb::Ask(args) => ask::run(args, session),
        Verb::History(args) => history::run(args, session),
        Verb::Unread(args) => unread::run(args, session),
        Verb::Wait(args) => wait::run(&args, session),
        Verb::Watch(args) => watch::run(args, session),
        Verb::Xml(args) => xml::run(args, session),
        Verb::Probe(args) => probe::run(args, session),
        Verb::Outbox(args) => outbox::run(args, session),
        Verb::Ping(args) => ping::run(args, session),
        Verb::Doctor(args) => doctor::run(args, session),
        Verb::Config(args) => config::run(args, session),
        Verb::Daemon(args) => daemon::run(args, session),
        Verb::Rpc(args) => rpc::run(&args, session),
    }
}
