//! `activity`: what you do (XEP-0108).

use xmppd_proto::Failure;
use xmppd_proto::request::{ActivityClear, ActivitySet, ActivityShow};

use super::personal::{CLEAR, table};
use crate::report::Stop;
use crate::session::{Answer, Session};

const AFTER_HELP: &str = "\
Activities, alone or with what is beside them, or with other:
  doing_chores        buying_groceries cleaning cooking doing_maintenance doing_the_dishes
                      doing_the_laundry gardening running_an_errand walking_the_dog
  drinking            having_a_beer having_coffee having_tea
  eating              having_a_snack having_breakfast having_dinner having_lunch
  exercising          cycling dancing hiking jogging playing_sports running skiing swimming
                      working_out
  grooming            at_the_spa brushing_teeth getting_a_haircut shaving taking_a_bath
                      taking_a_shower
  having_appointment
  inactive            day_off hanging_out hiding on_vacation praying scheduled_holiday sleeping
                      thinking
  relaxing            fishing gaming going_out partying reading rehearsing shopping smoking
                      socializing sunbathing watching_a_movie watching_tv
  talking             in_real_life on_the_phone on_video_phone
  traveling           commuting cycling driving in_a_car on_a_bus on_a_plane on_a_train on_a_trip
                      walking
  undefined
  working             coding in_a_meeting studying writing

Those see it who see your presence, and it stays until `activity clear`, also while you are offline.";

/// Show or tell what you do
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// As relaxing, or relaxing/partying; or clear
    #[arg(value_name = "GENERAL[/SPECIFIC]")]
    value: Option<String>,
    /// Why, or with whom
    text: Option<String>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<(), Stop> {
    let account = session.global.account.clone();
    let Args { value, text } = args;
    match value {
        None => session.run(&ActivityShow { account }, Answer::Data, table),
        Some(word) if word == CLEAR => match text {
            None => session.run(&ActivityClear { account }, Answer::Confirmation, table),
            Some(_) => Err(Failure::usage("`activity clear` takes no text").into()),
        },
        Some(words) => {
            let (general, specific) = match words.split_once('/') {
                Some((general, specific)) => (general.to_owned(), Some(specific.to_owned())),
                None => (words, None),
            };
            session.run(&ActivitySet { general, specific, text, account }, Answer::Confirmation, table)
        }
    }
}
