//! Hears from the machine whether the person is at it: from logind, the desktop and the compositor, each in a task of its
//! own that waits for news and asks nothing twice. What follows is decided by [`xmppd_core::idle`]. As long as nothing
//! is configured, nothing of it is there: no connection, no timer. This is a leaf.

mod compositor;
mod desktop;
mod logind;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use xmppd_core::idle::{Idleness, Opinion, Rules, Sign, Source};
use xmppd_core::presence::Idle;

use crate::bus::{Bus, Pauses};
use crate::config;
use crate::host::{self, Alarm};
use crate::places::Environment;

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often one that is not there is tried at pauses; then only when something else has happened.
const TRIES: u32 = 5;
/// How many words may wait.
const WORDS: usize = 64;

/// Where to listen.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where logind is.
    pub(crate) system: Bus,
    /// Where the desktop is.
    pub(crate) session: Bus,
    /// Names the compositor and the login session.
    pub(crate) environment: Environment,
}

/// Who is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// logind.
    Logind,
    /// The desktop on the session bus.
    Desktop,
    /// The Wayland compositor.
    Compositor,
}

impl Part {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Logind => "logind",
            Self::Desktop => "the desktop",
            Self::Compositor => "the compositor",
        }
    }
}

/// What is known; `doctor` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Whether anything is configured.
    pub(crate) on: bool,
    /// Who says what.
    pub(crate) opinions: Vec<Opinion>,
    /// Who says nothing, and why.
    pub(crate) missing: BTreeMap<Part, String>,
}

/// What the listeners say.
#[derive(Debug)]
enum Word {
    /// A source says this, or is not there any more.
    Says(Source, Option<Sign>),
    /// Why nothing is heard of a part; nothing when it is.
    Missing(Part, Option<String>),
}

/// A listener's way to the rest.
#[derive(Clone)]
struct Tell(mpsc::Sender<Word>);

impl Tell {
    async fn says(&self, source: Source, sign: Option<Sign>) {
        // An error means that nobody wants to know any more.
        let _ = self.0.send(Word::Says(source, sign)).await;
    }

    async fn missing(&self, part: Part, reason: Option<String>) {
        let _ = self.0.send(Word::Missing(part, reason)).await;
    }
}

/// The way to the watcher.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    rules: watch::Sender<Rules>,
    findings: watch::Receiver<Findings>,
}

impl Handle {
    /// Puts other times in force.
    pub(crate) fn configure(&self, presence: &config::Presence) {
        let rules = rules(presence);
        self.rules.send_if_modified(|before| std::mem::replace(before, rules) != rules);
    }

    /// What is known.
    pub(crate) fn findings(&self) -> Findings {
        self.findings.borrow().clone()
    }
}

/// A watcher with these times in force, and what it is run with.
pub(crate) fn prepare(presence: &config::Presence, places: Places) -> (Handle, Watcher) {
    let (rules, wanted) = watch::channel(rules(presence));
    let (shown, findings) = watch::channel(Findings::default());
    let watcher = Watcher {
        places,
        wanted,
        shown,
        idleness: Idleness::default(),
        missing: BTreeMap::new(),
        told: None,
        alarm: Alarm::default(),
    };
    (Handle { rules, findings }, watcher)
}

fn rules(presence: &config::Presence) -> Rules {
    Rules { away_after: presence.away_after, xa_after: presence.xa_after, tells_since: presence.publish_idle }
}

/// Hears all of them and tells what follows.
pub(crate) struct Watcher {
    places: Places,
    wanted: watch::Receiver<Rules>,
    shown: watch::Sender<Findings>,
    idleness: Idleness,
    missing: BTreeMap<Part, String>,
    told: Option<Idle>,
    alarm: Alarm,
}

enum Wake {
    Word(Word),
    /// An absence has lasted.
    Lasted,
    /// Other times are in force.
    Rules,
    Unwanted,
}

impl Watcher {
    /// Tells the layer of presence that follows, whenever it is another one, until nobody receives it any more.
    pub(crate) async fn run(mut self, layers: mpsc::Sender<Option<Idle>>) {
        loop {
            let rules = *self.wanted.borrow_and_update();
            self.idleness.set_rules(rules);
            let Some(first) = rules.first() else {
                self.idleness = Idleness::default();
                self.missing.clear();
                self.tell(false, &layers).await;
                tokio::select! {
                    Ok(()) = self.wanted.changed() => continue,
                    () = layers.closed() => return,
                    else => return,
                }
            };
            // They end with this value.
            let (mut listeners, (tell, words)) = (JoinSet::new(), mpsc::channel(WORDS));
            listen(&mut listeners, &self.places, first, &Tell(tell));
            if !self.hear(words, &layers).await {
                return;
            }
        }
    }

    /// Hears them until other times are in force; whether that is why it ends.
    async fn hear(&mut self, mut words: mpsc::Receiver<Word>, layers: &mpsc::Sender<Option<Idle>>) -> bool {
        loop {
            self.tell(true, layers).await;
            let deadline = self.idleness.deadline(host::now().moment);
            let wake = tokio::select! {
                Some(word) = words.recv() => Wake::Word(word),
                () = self.alarm.until(deadline) => Wake::Lasted,
                changed = self.wanted.changed() => if changed.is_ok() { Wake::Rules } else { Wake::Unwanted },
                () = layers.closed() => Wake::Unwanted,
            };
            match wake {
                Wake::Word(Word::Says(source, sign)) => self.idleness.hear(source, sign, host::now()),
                Wake::Word(Word::Missing(part, Some(reason))) => drop(self.missing.insert(part, reason)),
                Wake::Word(Word::Missing(part, None)) => drop(self.missing.remove(&part)),
                Wake::Lasted => {}
                Wake::Rules => return true,
                Wake::Unwanted => return false,
            }
        }
    }

    async fn tell(&mut self, on: bool, layers: &mpsc::Sender<Option<Idle>>) {
        let layer = self.idleness.layer(host::now().moment);
        let findings = Findings { on, opinions: self.idleness.opinions(), missing: self.missing.clone() };
        self.shown.send_if_modified(|before| {
            let changed = *before != findings;
            *before = findings;
            changed
        });
        if self.told != layer {
            tracing::debug!(?layer, "the person");
            self.told.clone_from(&layer);
            // An error means that nobody wants to know any more, which the loop sees next.
            let _ = layers.send(layer).await;
        }
    }
}

/// Starts the listeners.
fn listen(listeners: &mut JoinSet<()>, places: &Places, first: Duration, tell: &Tell) {
    let login = watch::Sender::new(());
    for part in [Part::Logind, Part::Desktop, Part::Compositor] {
        let (places, tell, login) = (places.clone(), tell.clone(), login.clone());
        listeners.spawn(Listener { part, places, first, tell, login }.keep());
    }
}

/// Listens to one part.
struct Listener {
    part: Part,
    places: Places,
    /// The shortest absence that counts.
    first: Duration,
    tell: Tell,
    /// Of every change of logins logind tells: with one a compositor may come.
    login: watch::Sender<()>,
}

impl Listener {
    /// Listens again and again: some times at growing pauses, then when somebody logs in.
    async fn keep(self) {
        let (mut pauses, mut tries, mut logins) = (Pauses::new(), 0, self.login.subscribe());
        loop {
            let Ended { reason, had_begun } = self.listen().await;
            for source in Source::ALL.into_iter().filter(|source| heard_by(*source) == self.part) {
                self.tell.says(source, None).await;
            }
            tracing::debug!(part = self.part.as_str(), reason, "nobody tells of the person");
            self.tell.missing(self.part, Some(reason)).await;
            if had_begun {
                (pauses, tries) = (Pauses::new(), 0);
            }
            tries += 1;
            let pause = async {
                if tries < TRIES { tokio::time::sleep(pauses.step()).await } else { std::future::pending().await }
            };
            tokio::select! {
                () = pause => {}
                Ok(()) = logins.changed() => {}
            }
        }
    }

    async fn listen(&self) -> Ended {
        let Self { places, first, tell, login, .. } = self;
        match self.part {
            Part::Logind => {
                let own = places.environment.variable("XDG_SESSION_ID").map(|id| id.to_string_lossy().into_owned());
                logind::listen(&places.system, own.as_deref(), tell, login).await
            }
            Part::Desktop => desktop::listen(&places.session, *first, tell).await,
            Part::Compositor => compositor::listen(&places.environment, *first, tell).await,
        }
    }
}

/// How listening ended.
struct Ended {
    reason: String,
    /// Something could be heard before.
    had_begun: bool,
}

impl Ended {
    fn never_began(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string(), had_begun: false }
    }

    fn after_all(reason: impl std::fmt::Display) -> Self {
        Self { reason: reason.to_string(), had_begun: true }
    }
}

/// Who hears a source.
fn heard_by(source: Source) -> Part {
    match source {
        Source::Compositor => Part::Compositor,
        Source::Mutter | Source::ScreenSaver => Part::Desktop,
        Source::IdleHint | Source::LockedHint => Part::Logind,
    }
}
