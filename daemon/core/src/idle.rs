//! Whether the person is at the machine, from all who say something about it: one rule says whom to believe, and the
//! configuration how long an absence is one. Hearing them is the shell's; what contacts see of it is
//! [`crate::presence`]'s.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::presence::{Idle, Show};
use crate::time::{Moment, Now, Wall};

/// How long an absence has to last; without either time nothing follows from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Absent for so long is away; not zero.
    pub away_after: Option<Duration>,
    /// Absent for so long is xa, whatever `away_after` says; not zero.
    pub xa_after: Option<Duration>,
    /// Whether contacts are told since when (XEP-0319).
    pub tells_since: bool,
}

impl Rules {
    /// The shortest absence that counts; none when none does.
    pub fn first(&self) -> Option<Duration> {
        self.away_after.into_iter().chain(self.xa_after).min()
    }
}

/// Who says something about the person. Of those that measure input the first one that is there is believed, for the
/// later ones say what somebody made of the same; a lock counts whoever else says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The compositor's ext-idle-notify-v1: input, measured.
    Compositor,
    /// Mutter's idle monitor: input, measured.
    Mutter,
    /// logind's `IdleHint` of the session: what the desktop makes of input.
    IdleHint,
    /// logind's `LockedHint` of the session.
    LockedHint,
    /// The desktop's screen saver is active.
    ScreenSaver,
}

impl Source {
    /// Every source, in the order in which they are believed.
    pub const ALL: [Self; 5] = [Self::Compositor, Self::Mutter, Self::IdleHint, Self::LockedHint, Self::ScreenSaver];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compositor => "compositor",
            Self::Mutter => "mutter",
            Self::IdleHint => "logind idle",
            Self::LockedHint => "logind locked",
            Self::ScreenSaver => "screensaver",
        }
    }

    /// Whether it tells of a lock, which is an absence from the first moment on.
    pub fn is_lock(self) -> bool {
        match self {
            Self::LockedHint | Self::ScreenSaver => true,
            Self::Compositor | Self::Mutter | Self::IdleHint => false,
        }
    }
}

/// What a source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The person is there.
    Present,
    /// The person has been absent for so long.
    Absent(Duration),
}

/// An opinion that counts, or would if a better one were not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Whose.
    pub source: Source,
    /// Absent since then.
    pub absent_since: Option<Wall>,
    /// Whether it is believed.
    pub counts: bool,
}

/// All that is known of the person's presence at the machine.
#[derive(Clone, Debug, Default)]
pub struct Idleness {
    rules: Rules,
    /// Who is there, and since when the person is absent by their word.
    heard: BTreeMap<Source, Option<Now>>,
}

impl Idleness {
    /// Nobody has said anything.
    pub fn new(rules: Rules) -> Self {
        Self { rules, heard: BTreeMap::new() }
    }

    /// Other times are in force; what was heard stays.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// What a source says now; nothing when it is not there (any more). One that repeats itself changes nothing, so
    /// that an absence keeps the time it began at.
    pub fn hear(&mut self, source: Source, sign: Option<Sign>, now: Now) {
        let absent_since = match sign {
            None => {
                self.heard.remove(&source);
                return;
            }
            Some(Sign::Present) => None,
            Some(Sign::Absent(lasted)) => {
                let before = self.heard.get(&source).copied().flatten();
                Some(before.unwrap_or_else(|| ago(now, lasted)))
            }
        };
        self.heard.insert(source, absent_since);
    }

    /// The layer of presence that follows now.
    pub fn layer(&self, now: Moment) -> Option<Idle> {
        let absences = || self.believed().filter_map(|(source, since)| Some((source, since?)));
        let shows = absences().filter_map(|(source, since)| Some((self.show(source, since.moment, now)?, source)));
        let (show, source) = shows.reduce(|best, other| if rank(other.0) > rank(best.0) { other } else { best })?;
        let since = absences().map(|(_, since)| since.wall).min().filter(|_| self.rules.tells_since);
        Some(Idle { show, since, by: source.as_str() })
    }

    /// When the layer is another one if nobody says anything until then.
    pub fn deadline(&self, now: Moment) -> Option<Moment> {
        let ends = [self.rules.away_after, self.rules.xa_after];
        let absences = self.believed().filter_map(|(_, since)| Some(since?.moment));
        let points = absences.flat_map(|since| ends.into_iter().flatten().map(move |lasts| since + lasts));
        points.filter(|point| *point > now).min()
    }

    /// Who says what, and whether that is believed.
    pub fn opinions(&self) -> Vec<Opinion> {
        let believed: Vec<Source> = self.believed().map(|(source, _)| source).collect();
        let opinion = |(source, since): (&Source, &Option<Now>)| Opinion {
            source: *source,
            absent_since: since.map(|since| since.wall),
            counts: believed.contains(source),
        };
        self.heard.iter().map(opinion).collect()
    }

    fn believed(&self) -> impl Iterator<Item = (Source, Option<Now>)> {
        let all = || self.heard.iter().map(|(source, since)| (*source, *since));
        let measured = all().find(|(source, _)| !source.is_lock());
        measured.into_iter().chain(all().filter(|(source, _)| source.is_lock()))
    }

    fn show(&self, source: Source, since: Moment, now: Moment) -> Option<Show> {
        let lasted = now - since;
        if self.rules.xa_after.is_some_and(|after| lasted >= after) {
            return Some(Show::Xa);
        }
        let away = self.rules.away_after.is_some_and(|after| lasted >= after || source.is_lock());
        away.then_some(Show::Away)
    }
}

/// The point in time that was so long ago.
fn ago(now: Now, lasted: Duration) -> Now {
    let millis = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX).min(now.moment.as_millis());
    Now {
        moment: Moment::from_millis(now.moment.as_millis() - millis),
        wall: Wall::from_unix_millis(now.wall.as_unix_millis().saturating_sub_unsigned(millis)),
    }
}

/// How far away a show is.
fn rank(show: Show) -> u8 {
    match show {
        Show::Xa => 2,
        Show::Away => 1,
        Show::Online | Show::Chat | Show::Dnd | Show::Offline | Show::Invisible => 0,
    }
}

#[cfg(test)]
#[path = "idle_tests.rs"]
mod tests;
