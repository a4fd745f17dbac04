//! The players that are known and what of them is still to be told: a plain table without a bus or a clock.
//! Messages are put in their order of arrival by [`Sequence`], because an answer and a signal reach us on two ways.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xmppd_core::{
    players::{MAX_PLAYERS, Observation, Playback},
    tune::Metadata,
};
use zbus::message::Sequence;

use super::dialogue::NAMESPACE;

/// More names than any player has.
const MOST_NAMES: usize = 16;

/// What a player was heard to say.
#[derive(Debug)]
pub(super) struct Heard {
    /// Where in the stream of messages.
    pub(super) at: Sequence,
    /// Its `PlaybackStatus`, if that was part of it.
    pub(super) playback: Option<Playback>,
    /// Its `Metadata`, if that was part of it.
    pub(super) metadata: Option<Metadata>,
}

/// How asking a player ended.
#[derive(Debug)]
pub(super) enum Asked {
    /// It told everything.
    Told(Heard),
    /// It did not answer in time, or not to the question.
    Silent,
    /// There is no such connection.
    Gone,
}

/// All players, by the unique name of their connection.
#[derive(Debug, Default)]
pub(super) struct Table {
    players: BTreeMap<String, Player>,
    news: VecDeque<String>,
    to_ask: VecDeque<String>,
}

#[derive(Debug)]
struct Player {
    names: BTreeSet<String>,
    identity: Option<String>,
    playback: (Sequence, Playback),
    metadata: (Sequence, Metadata),
    asking: Asking,
    /// As which it was introduced: name and identity.
    introduced: Option<(String, Option<String>)>,
    /// Whether it was heard to say what is not told yet.
    unsaid: bool,
    /// Whether it waits for its turn to be told.
    has_news: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Asking {
    /// Everything is known, as far as signals can be trusted.
    Done,
    /// A question is to be asked or under way.
    Once,
    /// Another must follow it, because what it asks for changed meanwhile.
    Twice,
    /// The last question was in vain; the next sign of life is worth another.
    InVain,
}

impl Table {
    /// `owner` holds `name` now.
    pub(super) fn claim(&mut self, name: &str, owner: &str) {
        let room = self.players.len() < MAX_PLAYERS;
        if !room && !self.players.contains_key(owner) {
            tracing::debug!(name, "too many players, not looked at");
            return;
        }
        let player = self.players.entry(owner.to_owned()).or_insert_with(Player::new);
        if player.names.len() < MOST_NAMES && player.names.insert(name.to_owned()) {
            let first = player.names.len() == 1;
            self.tell(owner);
            if first {
                self.ask(owner);
            }
        }
    }

    /// `owner` has given up `name`; without any name it is no player.
    pub(super) fn release(&mut self, name: &str, owner: &str) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        if !player.names.remove(name) {
            return;
        }
        if player.names.is_empty() {
            player.forget();
        }
        self.tell(owner);
    }

    /// A player said something unasked; `invalidated`, that what was known no longer holds. Strangers are ignored.
    pub(super) fn hear(&mut self, sender: &str, heard: Heard, invalidated: bool) {
        let Some(player) = self.players.get_mut(sender) else {
            return;
        };
        if player.names.is_empty() {
            return;
        }
        let in_vain = player.asking == Asking::InVain;
        if player.take(heard) {
            self.tell(sender);
        }
        if invalidated || in_vain {
            self.ask(sender);
        }
    }

    /// The next player that must be asked for everything. The answer goes to [`Table::answered`].
    pub(super) fn next_to_ask(&mut self) -> Option<String> {
        self.to_ask.pop_front()
    }

    /// The name a player shows to people.
    pub(super) fn identified(&mut self, owner: &str, identity: Option<String>) {
        if let Some(player) = self.players.get_mut(owner)
            && player.identity != identity
        {
            player.identity = identity;
            self.tell(owner);
        }
    }

    /// How asking ended. Answers whether the player's identity is the next thing to ask for.
    pub(super) fn answered(&mut self, owner: &str, asked: Asked) -> bool {
        let Some(player) = self.players.get_mut(owner) else {
            return false;
        };
        let nameless = matches!(asked, Asked::Told(_)) && player.identity.is_none();
        let again = player.asking == Asking::Twice;
        let differs = match asked {
            Asked::Told(heard) => {
                player.asking = Asking::Done;
                player.take(heard)
            }
            Asked::Silent => {
                player.asking = Asking::InVain;
                false
            }
            Asked::Gone => {
                player.asking = Asking::Done;
                player.names.clear();
                player.forget();
                true
            }
        };
        if again && !player.names.is_empty() {
            self.ask(owner);
        }
        if differs {
            self.tell(owner);
        }
        nameless
    }

    /// Whether [`Table::next_news`] may have something.
    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// The next thing to tell, players in turn, each in its latest state.
    pub(super) fn next_news(&mut self) -> Option<Observation> {
        while let Some(owner) = self.news.pop_front() {
            let Some(player) = self.players.get_mut(&owner) else {
                continue;
            };
            player.has_news = false;
            let Some(name) = player.name() else {
                let known = player.introduced.is_some();
                self.players.remove(&owner);
                if known {
                    return Some(Observation::Vanished { id: owner });
                }
                continue;
            };
            let introduction = (name, player.identity.clone());
            if player.introduced.as_ref() != Some(&introduction) {
                player.introduced = Some(introduction.clone());
                if player.unsaid {
                    player.has_news = true;
                    self.news.push_front(owner.clone());
                }
                let (name, identity) = introduction;
                return Some(Observation::Appeared { id: owner, name, identity });
            }
            if std::mem::take(&mut player.unsaid) {
                let (playback, metadata) = (Some(player.playback.1), Some(player.metadata.1.clone()));
                return Some(Observation::Changed { id: owner, playback, metadata });
            }
        }
        None
    }

    /// The end of the bus: what must be told so that nothing is left.
    pub(super) fn farewell(self) -> Vec<Observation> {
        let known = self.players.into_iter().filter(|(_, player)| player.introduced.is_some());
        known.map(|(id, _)| Observation::Vanished { id }).collect()
    }

    fn tell(&mut self, owner: &str) {
        if let Some(player) = self.players.get_mut(owner)
            && !std::mem::replace(&mut player.has_news, true)
        {
            self.news.push_back(owner.to_owned());
        }
    }

    fn ask(&mut self, owner: &str) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        match player.asking {
            Asking::Done | Asking::InVain => {
                player.asking = Asking::Once;
                self.to_ask.push_back(owner.to_owned());
            }
            Asking::Once | Asking::Twice => player.asking = Asking::Twice,
        }
    }
}

impl Player {
    fn new() -> Self {
        Self {
            names: BTreeSet::new(),
            identity: None,
            playback: (Sequence::default(), Playback::Stopped),
            metadata: (Sequence::default(), Metadata::default()),
            asking: Asking::Done,
            introduced: None,
            unsaid: false,
            has_news: false,
        }
    }

    /// Takes what is newer than what is known; whether anything differs.
    fn take(&mut self, heard: Heard) -> bool {
        let mut differs = false;
        if let Some(playback) = heard.playback {
            differs |= replace_older(&mut self.playback, heard.at, playback);
        }
        if let Some(metadata) = heard.metadata {
            differs |= replace_older(&mut self.metadata, heard.at, metadata);
        }
        self.unsaid |= differs;
        differs
    }

    /// It is no player any more; should it become one again, it starts anew.
    fn forget(&mut self) {
        self.identity = None;
        self.playback.1 = Playback::Stopped;
        self.metadata.1 = Metadata::default();
        self.unsaid = true;
    }

    /// The shortest of its names, without what all begin with; nothing when it is no player any more.
    fn name(&self) -> Option<String> {
        let name = self.names.iter().min_by_key(|name| name.len())?;
        let rest = name.strip_prefix(NAMESPACE).unwrap_or(name);
        Some(rest.strip_prefix('.').unwrap_or(rest).to_owned())
    }
}

fn replace_older<T: PartialEq>(known: &mut (Sequence, T), at: Sequence, value: T) -> bool {
    if at < known.0 {
        return false;
    }
    known.0 = at;
    let differs = known.1 != value;
    known.1 = value;
    differs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::private::PrivateBus;

    const NAME: &str = "org.mpris.MediaPlayer2.test";

    fn heard(at: Sequence, playback: Playback) -> Heard {
        Heard { at, playback: Some(playback), metadata: None }
    }

    fn told(table: &mut Table) -> Vec<String> {
        std::iter::from_fn(|| table.next_news())
            .map(|news| match news {
                Observation::Appeared { id, name, .. } => format!("{id} is {name}"),
                Observation::Changed { id, playback, .. } => format!("{id} {}", playback.map_or("-", Playback::as_str)),
                Observation::Vanished { id } => format!("{id} vanished"),
                Observation::Switched(_)
                | Observation::Held(_)
                | Observation::Posted(..)
                | Observation::Manual(..)
                | Observation::Pinned(_)
                | Observation::Skipped(_)
                | Observation::Tick => "not ours".to_owned(),
            })
            .collect()
    }

    /// Two places in a stream of messages; only a connection can make them.
    async fn places() -> (Sequence, Sequence) {
        let bus = PrivateBus::start();
        let connection = bus.connect().await;
        let mut places = Vec::new();
        for _ in 0..2 {
            let name = Some("org.freedesktop.DBus");
            let reply = connection.call_method(name, "/", name, "GetId", &()).await.unwrap();
            places.push(reply.recv_position());
        }
        (places[0], places[1])
    }

    #[tokio::test]
    async fn an_answer_that_was_overtaken_by_a_signal_does_not_undo_it() {
        let (earlier, later) = places().await;
        let mut table = Table::default();
        table.claim(NAME, ":1.1");
        table.hear(":1.1", heard(later, Playback::Paused), false);
        table.answered(":1.1", Asked::Told(heard(earlier, Playback::Playing)));
        assert_eq!(told(&mut table), [":1.1 is test", ":1.1 paused"]);
        table.hear(":1.1", heard(later, Playback::Paused), false);
        assert_eq!(told(&mut table), [""; 0]);
    }

    #[test]
    fn players_take_turns_and_states_in_between_are_left_out() {
        let mut table = Table::default();
        let at = Sequence::default();
        table.claim(NAME, ":1.1");
        table.claim("org.mpris.MediaPlayer2.other", ":1.2");
        for playback in [Playback::Playing, Playback::Paused, Playback::Playing] {
            table.hear(":1.1", heard(at, playback), false);
        }
        assert_eq!(told(&mut table), [":1.1 is test", ":1.1 playing", ":1.2 is other"]);
        table.release(NAME, ":1.1");
        assert_eq!(told(&mut table), [":1.1 vanished"]);
    }

    #[test]
    fn who_left_before_it_was_told_is_never_told() {
        let mut table = Table::default();
        table.claim(NAME, ":1.1");
        table.release(NAME, ":1.1");
        assert_eq!(told(&mut table), [""; 0]);
        table.claim(NAME, ":1.2");
        table.answered(":1.2", Asked::Gone);
        assert_eq!(told(&mut table), [""; 0]);
        assert_eq!(table.farewell(), []);
    }

    #[test]
    fn a_question_is_asked_once_and_again_only_for_a_reason() {
        let mut table = Table::default();
        let at = Sequence::default();
        table.claim(NAME, ":1.1");
        assert_eq!(table.next_to_ask().as_deref(), Some(":1.1"));
        for _ in 0..100 {
            table.hear(":1.1", heard(at, Playback::Playing), true);
        }
        assert_eq!(table.next_to_ask(), None);
        table.answered(":1.1", Asked::Told(heard(at, Playback::Playing)));
        assert_eq!(table.next_to_ask().as_deref(), Some(":1.1"), "it changed meanwhile");
        table.answered(":1.1", Asked::Silent);
        assert_eq!(table.next_to_ask(), None);
        table.hear(":1.1", heard(at, Playback::Playing), false);
        assert_eq!(table.next_to_ask().as_deref(), Some(":1.1"), "it lives after all");
    }

    #[test]
    fn there_is_an_end_to_players_and_strangers_are_nobody() {
        let mut table = Table::default();
        for number in 0..1000 {
            table.claim(NAME, &format!(":1.{number}"));
        }
        table.hear(":2.1", heard(Sequence::default(), Playback::Playing), true);
        assert_eq!(told(&mut table).len(), MAX_PLAYERS);
    }
}
