//! One player as it is known now, with every text bounded. Whether it is the one to follow is [`super`]'s.

use std::time::Duration;

use super::POSTED;
use super::choice::Standing;
use super::decision::{BUS_PREFIX, Listed, Playback, is_named};
use super::mend;
use super::rules::{MAX_URL, OnPause, Rule, Rules};
use crate::text;
use crate::time::Moment;
use crate::tune::{Metadata, Track};

/// How long a player may say that it has stopped on its way to the next track, as VLC does.
const BETWEEN_TRACKS: Duration = Duration::from_secs(1);
/// The most bytes of a bus name (D-Bus specification, "Valid Names").
pub(super) const MAX_NAME: usize = 255;

#[derive(Clone, Debug)]
pub(super) struct Player {
    pub(super) id: String,
    name: String,
    identity: Option<String>,
    pub(super) playback: Playback,
    /// With its uri, which is published only by permission.
    track: Track,
    /// Cut behind [`MAX_URL`], but never so short that it would pass for one that is not too long.
    url: Option<String>,
    pub(super) rule: Rule,
    /// What the rules alone say; a player that shows what another plays has another rule.
    judged: Rule,
    /// Whose song it shows, as long as it shows that, and whether that one may be told.
    relayed: Option<(String, bool)>,
    /// Counts up over all players: who told its song first has the lowest.
    told: u64,
    /// How many songs it has told.
    songs: u64,
    /// Counts up over all players: who started, paused or stopped last has the highest.
    pub(super) activity: u64,
    playback_since: Moment,
    song_since: Moment,
    /// Since when not even its length has changed.
    track_since: Moment,
}

impl Player {
    pub(super) fn new(id: String, now: Moment) -> Self {
        Self {
            id,
            name: String::new(),
            identity: None,
            playback: Playback::Stopped,
            track: Track::default(),
            url: None,
            rule: Rule::Unlisted,
            judged: Rule::Unlisted,
            relayed: None,
            told: 0,
            songs: 0,
            activity: 0,
            playback_since: now,
            song_since: now,
            track_since: now,
        }
    }

    pub(super) fn name(&mut self, name: String, identity: Option<&str>) {
        self.name = name;
        self.identity = identity.and_then(|text| text::line(text, text::PUBLISHED));
    }

    /// Takes in what it does. `activity` is the next number.
    pub(super) fn play(&mut self, playback: Playback, activity: u64, now: Moment) {
        if self.playback != playback {
            self.playback = playback;
            self.playback_since = now;
            self.activity = activity;
        }
    }

    /// Takes in what it plays, to be judged again. `told` is the next number.
    pub(super) fn load(&mut self, metadata: &Metadata, told: u64, now: Moment) {
        let track = mend::track(metadata);
        let url = metadata.url.as_ref().map(|url| url.chars().take(MAX_URL + 1).collect());
        if url != self.url || !track.is_same_song(&self.track) {
            self.song_since = now;
            self.told = told;
            self.songs = self.songs.saturating_add(1);
            self.relayed = None;
        } else if track == self.track {
            return;
        }
        self.track = track;
        self.url = url;
        self.track_since = now;
    }

    pub(super) fn judge(&mut self, rules: &Rules) {
        self.judged = rules.decide(self.player(), self.url.as_deref(), mend::is_private(&self.track));
        if !self.may_relay(rules) {
            self.relayed = None;
        }
        let relayed = self.relayed.clone().map(|(of, _)| Rule::Relay(of));
        self.rule = relayed.unwrap_or_else(|| self.judged.clone());
    }

    /// Whether it is the one that posts are from.
    pub(super) fn is_posted(&self) -> bool {
        self.id == POSTED
    }

    /// Whether it has to be asked at all whose song it shows: not one that is denied, that `allow` names in full, or that
    /// the person lets post.
    pub(super) fn may_relay(&self, rules: &Rules) -> bool {
        !self.is_posted()
            && self.judged.rank().and_then(|rank| rules.allow.get(rank)).is_some_and(|pattern| !pattern.is_literal())
    }

    /// It shows the song of this player, without instance suffix, and goes on to until its own is another: it may only
    /// be slow to follow. `told` is whether that player may be told.
    pub(super) fn relays(&mut self, of: String, told: bool) {
        self.relayed = Some((of.clone(), told));
        self.rule = Rule::Relay(of);
    }

    /// Whether the rules alone let it be told.
    pub(super) fn may_be_told(&self) -> bool {
        self.judged.rank().is_some()
    }

    /// Its place among those who told their songs; the lowest was the first.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// Whether its song may be older than our looking at it.
    pub(super) fn was_found_so(&self) -> bool {
        self.songs <= 1
    }

    /// The name without instance suffix: `vlc` for `vlc.instance123`.
    pub(super) fn player(&self) -> &str {
        match self.name.split_once(".instance") {
            Some((player, _)) if !player.is_empty() => player,
            Some(_) | None => &self.name,
        }
    }

    /// As [`Listed::is_named`].
    pub(super) fn is_named(&self, name: &str) -> bool {
        is_named(self.player(), &self.name, name)
    }

    /// What it plays, whether it may be published or not.
    pub(super) fn track(&self) -> &Track {
        &self.track
    }

    /// What may be published of its track.
    pub(super) fn tune(&self, rules: &Rules) -> Option<Track> {
        let mut track = self.track.clone();
        if !rules.publish_url {
            track.uri = None;
        }
        track.is_publishable().then_some(track)
    }

    /// Since when it has been playing this song; if that is out already, since when nothing about it has changed.
    pub(super) fn steady_since(&self, song_is_out: bool) -> Moment {
        self.playback_since.max(if song_is_out { self.track_since } else { self.song_since })
    }

    /// When its tune, once published, is to be withdrawn; none while there is no reason to.
    pub(super) fn withdrawn_at(&self, rules: &Rules) -> Option<Moment> {
        // What the original of a proxy may tell is not withdrawn only because that tells it now.
        let is_told = self.relayed.as_ref().is_some_and(|(_, told)| *told);
        if self.rule.rank().is_none() && !is_told {
            return Some(Moment::default());
        }
        match (self.playback, rules.on_pause) {
            (Playback::Playing, _) | (Playback::Paused, OnPause::Keep) => None,
            (Playback::Paused, OnPause::After(grace)) => Some(self.playback_since + grace),
            (Playback::Paused, OnPause::Clear) => Some(self.playback_since),
            (Playback::Stopped, _) => Some(self.playback_since + rules.settle.min(BETWEEN_TRACKS)),
        }
    }

    pub(super) fn listed(&self, standing: Standing, rules: &Rules) -> Listed {
        Listed {
            player: self.player().to_owned(),
            bus_name: if self.is_posted() { self.name.clone() } else { format!("{BUS_PREFIX}{}", self.name) },
            identity: self.identity.clone(),
            playback: self.playback,
            rule: self.rule.clone(),
            standing,
            tune: self.tune(rules),
        }
    }
}
