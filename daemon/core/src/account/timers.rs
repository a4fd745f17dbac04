//! Deadlines as data: one slot a purpose. The shell sleeps until the earliest and says `Tick`.

use crate::time::Moment;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The next attempt to connect.
    Retry,
    /// The whole login must be done.
    Login,
    /// The server must have answered the last step of the login.
    Step,
    /// Unacknowledged stanzas are to be asked about.
    Ask,
    /// The server must have answered something.
    Answer,
    /// The server must have acknowledged something.
    Acknowledge,
    /// The stream has been silent long enough to be tried.
    Idle,
    /// A tune held back by the budget may go out.
    Tune,
    /// A receipt that had to wait may go out.
    Due,
    /// Messages that came back may be sent again.
    Again,
    /// The server may be told that nobody looks.
    Lull,
    /// A room is to be entered again, or owes us something.
    Rooms,
    /// The archive is to be looked at once more.
    Archive,
    /// The server must have closed its side.
    Close,
}

impl Timer {
    /// Every purpose, in the order in which due ones fire.
    pub(super) const ALL: [Self; 14] = [
        Self::Retry,
        Self::Login,
        Self::Step,
        Self::Ask,
        Self::Answer,
        Self::Acknowledge,
        Self::Idle,
        Self::Tune,
        Self::Due,
        Self::Again,
        Self::Lull,
        Self::Rooms,
        Self::Archive,
        Self::Close,
    ];
}

/// The table of an account's deadlines.
#[derive(Debug, Default)]
pub(super) struct Timers([Option<Moment>; Timer::ALL.len()]);

impl Timers {
    /// Sets or moves a deadline.
    pub(super) fn set(&mut self, timer: Timer, at: Moment) {
        self.0[timer as usize] = Some(at);
    }

    /// Sets a deadline unless it stands already.
    pub(super) fn set_if_unset(&mut self, timer: Timer, at: Moment) {
        self.0[timer as usize].get_or_insert(at);
    }

    /// Sets a deadline, or moves it nearer; one that stands earlier stays.
    pub(super) fn set_at_latest(&mut self, timer: Timer, at: Moment) {
        self.bring_forward(timer, at);
        self.set_if_unset(timer, at);
    }

    /// Moves a deadline nearer; one that does not stand stays so.
    pub(super) fn bring_forward(&mut self, timer: Timer, at: Moment) {
        if let Some(before) = &mut self.0[timer as usize] {
            *before = at.min(*before);
        }
    }

    /// Takes a deadline back.
    pub(super) fn clear(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    /// Whether a deadline stands.
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    /// Takes back all deadlines that belong to a connection; what was asked for outlives it.
    pub(super) fn clear_connection(&mut self) {
        for timer in Timer::ALL.into_iter().filter(|timer| !matches!(timer, Timer::Retry | Timer::Tune | Timer::Again))
        {
            self.clear(timer);
        }
    }

    /// Takes out one deadline that has come.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<Timer> {
        let due = Timer::ALL.into_iter().find(|timer| self.0[*timer as usize].is_some_and(|at| at <= now))?;
        self.clear(due);
        Some(due)
    }

    /// The earliest deadline.
    pub(super) fn earliest(&self) -> Option<Moment> {
        self.0.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_come_out_once() {
        let mut timers = Timers::default();
        timers.set(Timer::Idle, Moment::from_millis(20));
        timers.set(Timer::Step, Moment::from_millis(10));
        timers.set_if_unset(Timer::Step, Moment::from_millis(99));
        assert_eq!(timers.earliest(), Some(Moment::from_millis(10)));
        assert_eq!(timers.take_due(Moment::from_millis(9)), None);
        assert_eq!(timers.take_due(Moment::from_millis(20)), Some(Timer::Step));
        assert_eq!(timers.take_due(Moment::from_millis(20)), Some(Timer::Idle));
        assert_eq!(timers.take_due(Moment::from_millis(20)), None);
    }

    #[test]
    fn a_deadline_is_only_brought_nearer() {
        let mut timers = Timers::default();
        timers.bring_forward(Timer::Answer, Moment::from_millis(5));
        assert_eq!(timers.earliest(), None);
        timers.set(Timer::Answer, Moment::from_millis(20));
        timers.bring_forward(Timer::Answer, Moment::from_millis(30));
        timers.bring_forward(Timer::Answer, Moment::from_millis(10));
        assert_eq!(timers.earliest(), Some(Moment::from_millis(10)));
    }

    #[test]
    fn a_lost_connection_leaves_what_was_asked_for() {
        let mut timers = Timers::default();
        timers.set(Timer::Tune, Moment::from_millis(5));
        timers.set(Timer::Close, Moment::from_millis(1));
        timers.clear_connection();
        assert_eq!(timers.earliest(), Some(Moment::from_millis(5)));
    }
}
