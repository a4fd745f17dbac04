//! Between the core's words for players and those that go out.

use xmppd_core::players::{Decision, Listed, OnPause, Pattern, Playback, Players, Rules, State};
use xmppd_proto::reply::{ExplainedPlayer, Player, PlayerList, TuneReport};
use xmppd_proto::{PlayerState, TuneState};

use crate::config;
use crate::hub::{timestamp, tune_to_proto};

/// What is published, or why nothing is.
pub(super) fn report(decision: &Decision, players: &Players) -> TuneReport {
    TuneReport {
        tune: decision.tune.as_ref().map(tune_to_proto),
        player: decision.player.clone(),
        state: match decision.state {
            State::Playing => TuneState::Playing,
            State::Paused => TuneState::Paused,
            State::Stopped => TuneState::Stopped,
            State::Held => TuneState::Held,
            State::Off => TuneState::Off,
        },
        reason: decision.reason.as_ref().map(ToString::to_string),
        until: players.until().map(timestamp),
        pinned: players.pinned().map(str::to_owned),
    }
}

/// The chosen one first, then by rank.
pub(super) fn list(players: &Players) -> PlayerList {
    PlayerList { players: sorted(players).into_iter().map(player).collect() }
}

/// The same, each with why it is chosen or not; of one name alone, or of all.
pub(super) fn explain(players: &Players, name: Option<&str>) -> Vec<ExplainedPlayer> {
    let listed = sorted(players).into_iter().filter(|listed| name.is_none_or(|name| listed.is_named(name)));
    listed.map(|listed| ExplainedPlayer { why: listed.standing.to_string(), player: player(listed) }).collect()
}

fn sorted(players: &Players) -> Vec<Listed> {
    let mut listed = players.listing();
    listed.sort_by_key(|player| (!player.is_chosen(), player.rule.rank().unwrap_or(usize::MAX)));
    listed
}

fn player(listed: Listed) -> Player {
    Player {
        chosen: listed.is_chosen(),
        player: listed.player,
        bus_name: listed.bus_name,
        identity: listed.identity,
        state: match listed.playback {
            Playback::Playing => PlayerState::Playing,
            Playback::Paused => PlayerState::Paused,
            Playback::Stopped => PlayerState::Stopped,
        },
        rule: listed.rule.to_string(),
        tune: listed.tune.as_ref().map(tune_to_proto),
    }
}

/// What the configuration says of players.
pub(super) fn rules(tune: &config::Tune) -> Rules {
    // The configuration was refused if one of them were no pattern.
    let players = |patterns: &[String]| patterns.iter().filter_map(|text| Pattern::player(text).ok()).collect();
    let addresses = |patterns: &[String]| patterns.iter().filter_map(|text| Pattern::url(text).ok()).collect();
    Rules {
        allow: players(&tune.allow),
        deny: players(&tune.deny),
        deny_url: addresses(&tune.deny_url),
        deny_file: addresses(&tune.deny_file),
        settle: tune.settle,
        on_pause: match tune.on_pause {
            config::OnPause::Clear => OnPause::Clear,
            config::OnPause::Keep => OnPause::Keep,
            config::OnPause::ClearAfter(pause) => OnPause::After(pause),
        },
        publish_url: tune.publish_url,
        publish_video: tune.publish_video,
        publish_private: tune.publish_private,
    }
}
