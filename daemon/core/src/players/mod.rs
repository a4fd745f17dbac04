//! Which player's track contacts are told, and when. A pure machine: what is seen of the players goes in, a decision
//! comes out. Watching the bus is the shell's; publishing within the [`Budget`] is the account's.
//!
//! Chosen is, among the allowed players that play or are paused: who is pinned, then who plays before who is paused,
//! then by rank in `allow`, then who started, paused or stopped last. A new track of the same player is no such
//! activity, or two players that both play would take turns. A script's tune overrides all. A track is published once it
//! has played unchanged for the settling time; until then the one before stays, so that a change is one publish, unless
//! its player went, was paused or is denied: then it is withdrawn at once, and a moment after its player has stopped,
//! because some do so between two tracks.

mod address;
mod budget;
mod choice;
mod decision;
mod form;
mod mend;
mod pattern;
mod player;
mod post;
mod posted;
mod relay;
mod rules;
mod sieve;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_any_order;
#[cfg(test)]
mod tests_posted;
#[cfg(test)]
mod tests_relay;
#[cfg(test)]
mod tests_wishes;
mod wishes;

use std::time::Duration;

use player::{MAX_NAME, Player};

pub use budget::Budget;
pub use choice::{Edge, Override, Standing};
pub use decision::{Decision, Listed, Playback, Reason, State};
pub use form::fields;
pub use pattern::{Pattern, PatternError};
pub use post::{POSTED, Post, PostError};
pub use rules::{DEFAULT_DENY, OnPause, Rule, Rules};
pub use sieve::{Asking, Question, Sieve, Verdict};
pub use wishes::{Hold, Skipped, Unskippable};

use crate::time::{Moment, Now, Wall};
use crate::tune::{Metadata, Track};
use wishes::Wishes;

/// More players than this are not looked at.
pub const MAX_PLAYERS: usize = 64;

/// What the shell saw, or was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A player is there, or has another name or identity than before. It is taken as stopped until it says more.
    /// Ignored when 64 others are there, or a name is longer than a bus name can be.
    Appeared {
        /// The unique name of its connection, `:1.42`.
        id: String,
        /// Its well-known name without `org.mpris.MediaPlayer2.`: `mpv` or `vlc.instance123`.
        name: String,
        /// What it calls itself (`Identity`).
        identity: Option<String>,
    },
    /// A player that appeared says something new. What is left out is as before.
    Changed {
        /// As it appeared.
        id: String,
        /// What it does.
        playback: Option<Playback>,
        /// Its whole metadata.
        metadata: Option<Metadata>,
    },
    /// A player posted something of itself. It is one player, whoever posts, and has gone when nothing is posted for
    /// this long, or for as long as the post itself may be believed.
    Posted(Post, Duration),
    /// A player has gone.
    Vanished {
        /// As it appeared.
        id: String,
    },
    /// `tune on`, `tune off`. It is on at the beginning.
    Switched(bool),
    /// `tune hold`; none for `tune resume`. Nothing is published meanwhile.
    Held(Option<Hold>),
    /// `tune set`, which needs no settling and may publish its uri; none for `tune clear`. It ends then, or is cleared.
    Manual(Option<Track>, Option<Wall>),
    /// `tune use`: the player of this name, with or without instance, goes before others; none for `tune use auto`.
    Pinned(Option<String>),
    /// What [`Players::skipped`] said before a restart. A player that is not there is waited for.
    Skipped(Option<Skipped>),
    /// The deadline has come.
    Tick,
}

/// All players, and what was decided.
#[derive(Debug)]
pub struct Players {
    rules: Rules,
    wishes: Wishes,
    players: Vec<Player>,
    activity: u64,
    songs: u64,
    published: Option<Published>,
    deadline: Option<Moment>,
    /// Until when what was posted is believed.
    posted_until: Option<Moment>,
    decision: Decision,
}

/// A player's tune that contacts see.
#[derive(Debug)]
struct Published {
    id: String,
    tune: Track,
}

impl Players {
    /// No player, and publishing switched on.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            wishes: Wishes::new(),
            players: Vec::new(),
            activity: 0,
            songs: 0,
            published: None,
            deadline: None,
            posted_until: None,
            decision: Decision::nothing_yet(),
        }
    }

    /// Takes in what was seen. The decision and the deadline may be others afterwards.
    pub fn handle(&mut self, now: Now, observation: Observation) {
        match observation {
            Observation::Appeared { id, name, identity } => self.appear(&id, name, identity.as_deref(), now.moment),
            Observation::Changed { id, playback, metadata } => {
                self.change(&id, playback, metadata.as_ref(), now.moment);
            }
            Observation::Posted(post, patience) => self.post(post, patience, now.moment),
            Observation::Vanished { id } => self.vanish(&id),
            Observation::Switched(on) => self.wishes.on = on,
            Observation::Held(hold) => self.wishes.held = hold,
            Observation::Manual(track, end) => self.wishes.manual = track.map(|track| (track, end)),
            Observation::Pinned(name) => self.wishes.pinned = name,
            Observation::Skipped(skipped) => self.wishes.skipped = skipped,
            Observation::Tick => {}
        }
        self.decide(now);
    }

    /// `tune skip`: the track of the followed player is not published; its next one is.
    ///
    /// # Errors
    /// Why there is nothing to skip.
    pub fn skip(&mut self, now: Now) -> Result<(), Unskippable> {
        let followed = self.followed().filter(|player| player.track().is_publishable() && !self.wishes.skips(player));
        match (self.wishes.overriding(), followed.cloned()) {
            (Some(Override::ByHand), _) => return Err(Unskippable::ByHand),
            (_, None) => return Err(Unskippable::Nothing),
            (_, Some(player)) => self.wishes.skip(&player),
        }
        self.decide(now);
        Ok(())
    }

    /// Exchanges the rules, after a reload.
    pub fn set_rules(&mut self, now: Now, rules: Rules) {
        self.rules = rules;
        for player in &mut self.players {
            player.judge(&self.rules);
        }
        self.decide(now);
    }

    /// When to call with [`Observation::Tick`], if nothing is seen before.
    pub fn deadline(&self) -> Option<Moment> {
        self.deadline.into_iter().chain(self.posted_until).min()
    }

    /// When to call with it by the clock on the wall: a hold or a tune by hand ends.
    pub fn expiry(&self) -> Option<Wall> {
        self.wishes.expiry()
    }

    /// The end of what overrides the players now, where it ends by itself.
    pub fn until(&self) -> Option<Wall> {
        match self.wishes.overriding()? {
            Override::Off => None,
            Override::Held => self.wishes.held.and_then(Hold::end),
            Override::ByHand => self.wishes.manual.as_ref().and_then(|(_, end)| *end),
        }
    }

    /// The name that is pinned, whether there is such a player or not.
    pub fn pinned(&self) -> Option<&str> {
        self.wishes.pinned.as_deref()
    }

    /// The track that is skipped, to be handed in again after a restart.
    pub fn skipped(&self) -> Option<&Skipped> {
        self.wishes.skipped.as_ref()
    }

    /// What plays now as it would be published, be it off, held, skipped or still settling; with the player's name.
    pub fn present(&self) -> Option<(Track, &str)> {
        let first = choice::first(&self.players, &self.wishes)?;
        Some((first.tune(&self.rules)?, first.player()))
    }

    /// What is to be published now.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// All players, in the order in which they appeared.
    pub fn listing(&self) -> Vec<Listed> {
        let standings = choice::standings(&self.players, &self.wishes);
        self.players.iter().zip(standings).map(|(player, standing)| player.listed(standing, &self.rules)).collect()
    }

    fn appear(&mut self, id: &str, name: String, identity: Option<&str>, now: Moment) {
        let known = self.players.iter().any(|player| player.id == id);
        let too_long = id.len() > MAX_NAME || name.len() > MAX_NAME;
        let is_full = self.players.len() >= MAX_PLAYERS && id != POSTED;
        if too_long || (!known && is_full) {
            return;
        }
        if !known {
            self.players.push(Player::new(id.to_owned(), now));
        }
        if let Some(player) = self.players.iter_mut().find(|player| player.id == id) {
            player.name(name, identity);
            player.judge(&self.rules);
        }
    }

    fn vanish(&mut self, id: &str) {
        self.players.retain(|player| player.id != id);
        self.wishes.vanished(id);
    }

    fn change(&mut self, id: &str, playback: Option<Playback>, metadata: Option<&Metadata>, now: Moment) {
        let Some(player) = self.players.iter_mut().find(|player| player.id == id) else { return };
        if let Some(playback) = playback {
            self.activity = self.activity.saturating_add(1);
            player.play(playback, self.activity, now);
        }
        if let Some(metadata) = metadata {
            self.songs = self.songs.saturating_add(1);
            player.load(metadata, self.songs, now);
            player.judge(&self.rules);
            self.wishes.loaded(player);
        }
    }

    fn followed(&self) -> Option<&Player> {
        choice::followed(&self.players, &self.wishes)
    }

    fn decide(&mut self, now: Now) {
        self.wishes.expire(now.wall);
        self.expire_posted(now.moment);
        self.find_relays();
        let before = self.published.take();
        (self.published, self.deadline) = self.settle(before, now.moment);
        let overridden = |state, reason| Decision { state, tune: None, player: None, reason: Some(reason) };
        self.decision = match (self.wishes.overriding(), &self.wishes.manual, &self.published) {
            (Some(Override::Off), _, _) => overridden(State::Off, Reason::Off),
            (Some(Override::Held), _, _) => overridden(State::Held, Reason::Held),
            (Some(Override::ByHand), Some((track, _)), _) if track.is_publishable() => {
                Decision { state: State::Playing, tune: Some(track.clone()), player: None, reason: None }
            }
            (Some(Override::ByHand), _, _) => overridden(State::Playing, Reason::NothingToTell),
            (None, _, Some(published)) => self.decision_to_publish(published),
            (None, _, None) => self.decision_to_publish_nothing(),
        };
    }

    /// Looks whether any player has begun to show what another one plays.
    fn find_relays(&mut self) {
        for place in 0..self.players.len() {
            let of =
                self.players.get(place).filter(|player| player.rule.rank().is_some() && player.may_relay(&self.rules));
            let of = of.and_then(|_| relay::original(&self.players, place));
            let of = of.map(|other| (other.player().to_owned(), other.may_be_told()));
            if let Some((player, (of, told))) = self.players.get_mut(place).zip(of) {
                player.relays(of, told);
            }
        }
    }

    /// What of the followed player's tune is to be seen now, given what was seen before, and until when that holds.
    fn settle(&self, before: Option<Published>, now: Moment) -> (Option<Published>, Option<Moment>) {
        let Some(followed) = self.followed() else { return self.linger(before, now) };
        if self.wishes.skips(followed) {
            return (None, None);
        }
        let plays = followed.playback == Playback::Playing;
        let withdrawn_at = |player: &Player| player.withdrawn_at(&self.rules);
        // Who is paused may go on with what is out already, but starts nothing.
        let before = before.and_then(|before| {
            let owner = self.player(&before.id)?;
            let stays = (plays || owner.id == followed.id) && withdrawn_at(owner).is_none_or(|at| at > now);
            stays.then_some((owner, before))
        });
        if before.is_none() && !plays {
            return (None, None);
        }
        let wanted = followed.tune(&self.rules);
        let out = before.as_ref().map(|(_, before)| &before.tune);
        let song_is_out = out.zip(wanted.as_ref()).is_some_and(|(out, wanted)| out.is_same_song(wanted));
        let steady_at = followed.steady_since(song_is_out) + self.rules.settle;
        if steady_at <= now || out == wanted.as_ref() {
            let published = wanted.map(|tune| Published { id: followed.id.clone(), tune });
            let deadline = published.as_ref().and_then(|_| withdrawn_at(followed));
            return (published, deadline);
        }
        let deadline =
            before.as_ref().and_then(|(owner, _)| withdrawn_at(owner)).map_or(steady_at, |at| at.min(steady_at));
        (before.map(|(_, before)| before), Some(deadline))
    }

    /// What was seen before, of a player that has stopped only just now, if nothing overrides it.
    fn linger(&self, before: Option<Published>, now: Moment) -> (Option<Published>, Option<Moment>) {
        let owner = before.as_ref().and_then(|before| self.player(&before.id));
        let owner = owner.filter(|owner| self.wishes.overriding().is_none() && !self.wishes.skips(owner));
        let until = owner.and_then(|owner| owner.withdrawn_at(&self.rules)).filter(|at| *at > now);
        (before.filter(|_| until.is_some()), until)
    }

    fn decision_to_publish(&self, published: &Published) -> Decision {
        let owner = self.player(&published.id);
        Decision {
            state: State::of(owner.map_or(Playback::Stopped, |owner| owner.playback)),
            tune: Some(published.tune.clone()),
            player: owner.map(|owner| owner.player().to_owned()),
            reason: None,
        }
    }

    fn decision_to_publish_nothing(&self) -> Decision {
        let followed = self.followed();
        let reason = match followed {
            None => reason_without_choice(&self.players),
            Some(player) if self.wishes.skips(player) => Reason::Skipped,
            Some(player) if player.playback == Playback::Paused => Reason::Paused,
            Some(player) if player.tune(&self.rules).is_none() => Reason::NothingToTell,
            Some(_) => Reason::Settling,
        };
        Decision {
            state: State::of(followed.map_or(Playback::Stopped, |player| player.playback)),
            tune: None,
            player: followed.map(|player| player.player().to_owned()),
            reason: Some(reason),
        }
    }

    fn player(&self, id: &str) -> Option<&Player> {
        self.players.iter().find(|player| player.id == id)
    }
}

/// Why nothing is published when no player was chosen.
fn reason_without_choice(players: &[Player]) -> Reason {
    match players.iter().find(|player| player.playback == Playback::Playing) {
        Some(denied) => Reason::Denied { player: denied.player().to_owned(), rule: denied.rule.clone() },
        None if players.is_empty() => Reason::NoPlayer,
        None => Reason::NothingPlays,
    }
}
