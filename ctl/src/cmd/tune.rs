//! `tune`: what is being listened to, and whether contacts may know.

use std::time::Duration;

use clap::Subcommand;
use xmppd_proto::request::{
    TuneClear, TuneExplain, TuneGet, TuneHold, TuneOff, TuneOn, TunePlayers, TuneRender, TuneResume, TuneSet, TuneShow,
    TuneSkip, TuneUse,
};
use xmppd_proto::{Failure, Topic, duration};

use super::tune_show::{contacts_tunes, explanation, notes_of_rendered, page, players, rendered};
use super::watch;
use crate::report::Stop;
use crate::session::{Answer, Session};

const TEMPLATES: &str = "\
Templates:
  {title}            the title, or nothing
                     names: artist title album track player url length
  {title|url|\"?\"}    the first that there is
  [ by {artist}]     the part, if every name in it has a value
  \\{ \\[ \\\" \\\\        the character itself

The whole is one line, cut at 256 characters.";

/// Show or control the tune that contacts see
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Publish a tune by hand, in place of a player's
    Set(Set),
    /// Withdraw the tune given by hand
    Clear,
    /// Publish tunes
    On,
    /// Withdraw the tune and publish no more
    Off,
    /// Withdraw the tune and publish none for a time, or until `tune resume`
    Hold(Hold),
    /// End what `tune hold` began
    Resume,
    /// Withdraw the track that plays; the player's next one is published
    Skip,
    /// Let a player go before all others, or none with `auto`
    ///
    /// It does so as long as it plays or is paused, also after a restart.
    Use {
        /// Its name as `tune players` shows it; or auto
        player: String,
    },
    /// Tell why each player is chosen or not, and how the last publish went
    Explain {
        /// One player alone
        player: Option<String>,
    },
    /// Try a template with the present tune, or with a sample, and publish nothing
    #[command(after_help = TEMPLATES)]
    Render {
        /// The template, as for `status` in the [tune] section of the configuration
        template: String,
    },
    /// List the media players, and the rule that decides about each
    Players,
    /// Follow your tune and your contacts'; the same as `watch tune`
    Watch,
    /// Ask what a contact listens to
    Get {
        /// Whose bare JID
        jid: String,
    },
}

#[derive(clap::Args, Debug)]
struct Set {
    /// The performers
    #[arg(long)]
    artist: Option<String>,
    /// The song's name
    #[arg(long)]
    title: Option<String>,
    /// The album or other collection
    #[arg(long)]
    album: Option<String>,
    /// How long it lasts, for instance 4m1s
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    length: Option<Duration>,
    /// The position in the album
    #[arg(long, value_name = "N")]
    track: Option<String>,
    /// Where it can be found
    #[arg(long)]
    url: Option<String>,
    /// How long it stays, for instance 20m; until `tune clear` when left out
    #[arg(long = "for", value_name = "DUR", value_parser = duration::parse)]
    lasts: Option<Duration>,
}

#[derive(clap::Args, Debug)]
struct Hold {
    /// How long, for instance 1h; until `tune resume` when left out
    #[arg(long = "for", value_name = "DUR", value_parser = duration::parse)]
    lasts: Option<Duration>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    match args.action {
        None => session.run(&TuneShow {}, Answer::Data, page),
        Some(Action::Set(set)) => session.run(&set.call()?, Answer::Confirmation, page),
        Some(Action::Clear) => session.run(&TuneClear {}, Answer::Confirmation, page),
        Some(Action::Hold(Hold { lasts })) => {
            session.run(&TuneHold { for_ms: lasts.map(millis) }, Answer::Confirmation, page)
        }
        Some(Action::Resume) => session.run(&TuneResume {}, Answer::Confirmation, page),
        Some(Action::Skip) => session.run(&TuneSkip {}, Answer::Confirmation, page),
        Some(Action::Use { player }) => session.run(&TuneUse { player }, Answer::Confirmation, page),
        Some(Action::Explain { player }) => session.run(&TuneExplain { player }, Answer::Data, explanation),
        Some(Action::Render { template }) => render(template, session),
        Some(Action::On) => session.run(&TuneOn {}, Answer::Confirmation, page),
        Some(Action::Off) => session.run(&TuneOff {}, Answer::Confirmation, page),
        Some(Action::Players) => session.run(&TunePlayers {}, Answer::Data, players),
        Some(Action::Watch) => watch::run(watch::Args { topics: vec![Topic::Tune] }, session),
        Some(Action::Get { jid }) => {
            let account = session.global.account.clone();
            session.run(&TuneGet { jid, account }, Answer::Data, contacts_tunes)
        }
    }
}

fn render(template: String, session: &Session) -> Result<(), Stop> {
    session.run(&TuneRender { template }, Answer::Data, |text, _| {
        for note in notes_of_rendered(text).iter().filter(|_| !session.global.quiet) {
            eprintln!("note: {note}");
        }
        rendered(text)
    })
}

impl Set {
    fn call(self) -> Result<TuneSet, Failure> {
        if self.title.is_none() && self.url.is_none() {
            return Err(Failure::usage("a tune needs a title or a URL")
                .with_hint("for instance: xmppctl tune set --artist \"Ondes Lentes\" --title Marée"));
        }
        let Self { artist, title, album: source, track, url: uri, length, lasts } = self;
        let (length_ms, for_ms) = (length.map(millis), lasts.map(millis));
        Ok(TuneSet { artist, title, source, track, length_ms, uri, for_ms })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
