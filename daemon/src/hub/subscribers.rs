//! Those who watch. Nobody is waited for: one whose queue is full is let go and starts anew from a snapshot.

use std::sync::Arc;

use tokio::sync::mpsc;
use xmppd_proto::{Change, State, Topic, Topics};

/// A watcher may lag by this many events.
const LAG: usize = 1_024;

/// The watchers and what each wants to know.
#[derive(Default)]
pub(super) struct Subscribers(Vec<(Topics, mpsc::Sender<Arc<Change>>)>);

impl Subscribers {
    /// Adds a watcher, whose first event is the picture as it stands.
    pub(super) fn add(&mut self, topics: Topics, state: &State) -> mpsc::Receiver<Arc<Change>> {
        let (sender, receiver) = mpsc::channel(LAG);
        let snapshot = Change::Snapshot(Box::new(excerpt(state, topics)));
        // The queue is new and empty.
        let _ = sender.try_send(Arc::new(snapshot));
        self.0.push((topics, sender));
        receiver
    }

    /// Lets everybody go, to come again for a new snapshot.
    pub(super) fn start_anew(&mut self) {
        self.0.clear();
    }

    /// Tells a change to everybody who wants to know and can keep up.
    pub(super) fn tell(&mut self, change: &Change) {
        let Some(topic) = change.topic() else { return };
        let mut copy = None;
        self.0.retain(|(topics, sender)| {
            let told = !topics.contains(topic)
                || sender.try_send(copy.get_or_insert_with(|| Arc::new(change.clone())).clone()).is_ok();
            told && !sender.is_closed()
        });
    }
}

/// The part of the picture that these topics are about.
fn excerpt(state: &State, topics: Topics) -> State {
    fn part<T: Clone + Default>(is_wanted: bool, whole: &T) -> T {
        if is_wanted { whole.clone() } else { T::default() }
    }
    let State { status, tune, roster, account, outbox, unread, room } = state;
    State {
        status: part(topics.contains(Topic::Status), status),
        tune: part(topics.contains(Topic::Tune), tune),
        roster: part(topics.show_roster(), roster),
        account: part(topics.contains(Topic::Account), account),
        outbox: part(topics.contains(Topic::Outbox), outbox),
        unread: part(topics.contains(Topic::Message), unread),
        room: part(topics.contains(Topic::Room), room),
    }
}

#[cfg(test)]
mod tests {
    use xmppd_proto::reply::{Room, RoomState};
    use xmppd_proto::{RoomChange, TuneChange, UnreadChange};

    use super::*;

    fn tune() -> Change {
        Change::Tune(TuneChange::default())
    }

    #[test]
    fn a_watcher_hears_its_topics_only() {
        let mut subscribers = Subscribers::default();
        let mut watcher = subscribers.add(Topics::of(&[Topic::Status]), &State::default());
        subscribers.tell(&tune());
        assert!(matches!(watcher.try_recv().as_deref(), Ok(Change::Snapshot(_))));
        assert!(watcher.try_recv().is_err());
    }

    #[test]
    fn a_watcher_begins_with_the_whole_of_its_topics() {
        let (account, jid) = ("home".to_owned(), "hall@rooms.verona.example".to_owned());
        let room = Room {
            jid: jid.clone(),
            name: None,
            nick: None,
            state: RoomState::Joined,
            autojoin: true,
            bookmarked: true,
            subject: None,
            reason: None,
        };
        let mut state = State::default();
        state.apply(Change::Unread(UnreadChange { account: account.clone(), jid, unread: 2 }));
        state.apply(Change::Room(RoomChange { account, room: Some(room), ..RoomChange::default() }));
        let mut subscribers = Subscribers::default();
        let mut watcher = subscribers.add(Topics::of(&[Topic::Message, Topic::Room]), &state);
        let Change::Snapshot(snapshot) = &*watcher.try_recv().unwrap() else { panic!("it begins with a snapshot") };
        assert_eq!((&snapshot.unread, &snapshot.room), (&state.unread, &state.room));
        assert!(!state.unread.is_empty() && !state.room.is_empty());
    }

    #[test]
    fn one_who_lags_too_far_is_let_go_and_the_others_are_not() {
        let mut subscribers = Subscribers::default();
        let mut slow = subscribers.add(Topics::all(), &State::default());
        for _ in 0..LAG {
            subscribers.tell(&tune());
        }
        let mut other = subscribers.add(Topics::all(), &State::default());
        subscribers.tell(&tune());
        assert_eq!(subscribers.0.len(), 1);
        assert_eq!(std::iter::from_fn(|| slow.try_recv().ok()).count(), LAG);
        assert_eq!(std::iter::from_fn(|| other.try_recv().ok()).count(), 2);
    }
}
