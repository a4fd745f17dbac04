//! `mood`: how you feel (XEP-0107).

use xmppd_proto::Failure;
use xmppd_proto::request::{MoodClear, MoodSet, MoodShow};

use super::personal::{CLEAR, table};
use crate::report::Stop;
use crate::session::{Answer, Session};

const AFTER_HELP: &str = "\
Moods:
  afraid amazed amorous angry annoyed anxious aroused ashamed bored brave calm cautious cold
  confident confused contemplative contented cranky crazy creative curious dejected depressed
  disappointed disgusted dismayed distracted embarrassed envious excited flirtatious frustrated
  grateful grieving grumpy guilty happy hopeful hot humbled humiliated hungry hurt impressed in_awe
  in_love indignant interested intoxicated invincible jealous lonely lost lucky mean moody nervous
  neutral offended outraged playful proud relaxed relieved remorseful restless sad sarcastic
  satisfied serious shocked shy sick sleepy spontaneous stressed strong surprised thankful thirsty
  tired undefined weak worried

Those see it who see your presence, and it stays until `mood clear`, also while you are offline.";

/// Show or tell how you feel
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// One of the words below; or clear
    value: Option<String>,
    /// Why
    text: Option<String>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    let Args { value, text } = args;
    match value {
        None => session.run(&MoodShow { account }, Answer::Data, table),
        Some(word) if word == CLEAR => match text {
            None => session.run(&MoodClear { account }, Answer::Confirmation, table),
            Some(_) => Err(Failure::usage("`mood clear` takes no text").into()),
        },
        Some(value) => session.run(&MoodSet { value, text, account }, Answer::Confirmation, table),
    }
}
