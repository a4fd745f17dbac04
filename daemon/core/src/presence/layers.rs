//! The layers from which one account's presence is made, and when each ends. What they give together is
//! [`super::compose`]'s to say; setting a timer for the next end, and keeping what has to be kept, is the shell's.

use jid::Jid;

use super::{Presence, Show};
use crate::time::Wall;

/// A layer's name, lowest first (the contract's section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// What the person asked for, until they ask for something else.
    Base,
    /// The tune that plays, as a text. It has no show.
    Tune,
    /// The person is away from the machine.
    Idle,
    /// What the person asked for until a point in time.
    Timed,
    /// A text that scrolls. It has no show.
    Scroll,
    /// What holds while a command runs.
    Command,
}

impl Layer {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Tune => "tune",
            Self::Idle => "idle",
            Self::Timed => "timed",
            Self::Scroll => "scroll",
            Self::Command => "command",
        }
    }
}

/// What a layer above the base says; where it leaves something open, what is under it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The availability.
    pub show: Show,
    /// The text beside it, clean and not empty.
    pub status: Option<String>,
    /// RFC 6121 section 4.7.2.3.
    pub priority: Option<i8>,
}

/// What becomes the base when the timed layer has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Then {
    /// The availability.
    pub show: Show,
    /// The text beside it, clean and not empty.
    pub status: Option<String>,
}

/// The timed layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// What it says.
    pub overlay: Overlay,
    /// When it ends, in civil time: a clock that is set moves the end nearer or further away.
    pub until: Wall,
    /// What follows it.
    pub then: Option<Then>,
}

/// A layer that is held while a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Tells it from others; a higher number is newer.
    pub number: u64,
    /// What it says.
    pub overlay: Overlay,
    /// When it ends at the latest.
    pub until: Option<Wall>,
    /// The command's name.
    pub by: Option<String>,
}

/// The layer of a text that scrolls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scroll {
    /// What of it is to be seen now, not empty.
    pub window: String,
    /// When it ends, in civil time.
    pub until: Option<Wall>,
}

/// The layer of a person who is away from the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Away or xa.
    pub show: Show,
    /// Since when, if contacts are to know (XEP-0319).
    pub since: Option<Wall>,
    /// Who says so.
    pub by: &'static str,
}

/// What one contact is told in place of what all are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directed {
    /// Whom.
    pub to: Jid,
    /// The availability: one that is seen.
    pub show: Show,
    /// The text beside it, clean and not empty.
    pub status: Option<String>,
    /// When it ends, in civil time.
    pub until: Option<Wall>,
}

/// What was requested for one account. The base is always there, so there is always an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    base: Presence,
    idle: Option<Idle>,
    timed: Option<Timed>,
    scroll: Option<Scroll>,
    /// The oldest first.
    held: Vec<Held>,
    /// In the order of the addresses, each once.
    directed: Vec<Directed>,
}

/// One layer's part in the whole, in the one shape that all of them have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet<'a> {
    /// Whose it is.
    pub layer: Layer,
    /// The availability it asks for.
    pub show: Option<Show>,
    /// The text it asks for.
    pub status: Option<&'a str>,
    /// The priority it asks for.
    pub priority: Option<i8>,
    /// When it ends by itself.
    pub until: Option<Wall>,
    /// What becomes the base then.
    pub then: Option<&'a Then>,
    /// The command that holds it, or who says that the person is idle.
    pub by: Option<&'a str>,
    /// Whether it may say anything now: idle never overrides dnd, xa, invisible or offline.
    pub counts: bool,
}

impl Layers {
    /// A base and nothing above it.
    pub fn new(base: Presence) -> Self {
        Self { base, idle: None, timed: None, scroll: None, held: Vec::new(), directed: Vec::new() }
    }

    /// What the person asked for without an end.
    pub fn base(&self) -> &Presence {
        &self.base
    }

    /// Replaces what the person asked for without an end. Layers above it stay.
    pub fn set_base(&mut self, base: Presence) {
        self.base = base;
    }

    /// What the machine says of the person's presence at it.
    pub fn set_idle(&mut self, idle: Option<Idle>) {
        self.idle = idle;
    }

    /// The same as it was set.
    pub fn idle(&self) -> Option<&Idle> {
        self.idle.as_ref()
    }

    /// The timed layer.
    pub fn timed(&self) -> Option<&Timed> {
        self.timed.as_ref()
    }

    /// Replaces the timed layer, or takes it away without what was to follow it.
    pub fn set_timed(&mut self, timed: Option<Timed>) {
        self.timed = timed;
    }

    /// The text that scrolls.
    pub fn scroll(&self) -> Option<&Scroll> {
        self.scroll.as_ref()
    }

    /// Replaces the text that scrolls, or what is to be seen of it.
    pub fn set_scroll(&mut self, scroll: Option<Scroll>) {
        self.scroll = scroll;
    }

    /// The layers that commands hold, the oldest first.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// Adds a layer that a command holds; the newest is the highest, whatever the order in which they are added.
    pub fn hold(&mut self, held: Held) {
        self.release(held.number);
        let place = self.held.partition_point(|known| known.number < held.number);
        self.held.insert(place, held);
    }

    /// Takes away what was held under this number; whether there was such a layer.
    pub fn release(&mut self, number: u64) -> bool {
        let before = self.held.len();
        self.held.retain(|held| held.number != number);
        self.held.len() != before
    }

    /// Takes away whatever commands hold.
    pub fn release_all(&mut self) {
        self.held.clear();
    }

    /// What single contacts are told, in the order of their addresses.
    pub fn directed(&self) -> &[Directed] {
        &self.directed
    }

    /// Tells one contact something else, in place of what it was told before.
    pub fn direct(&mut self, directed: Directed) {
        match self.place_of(&directed.to) {
            Ok(place) => self.directed[place] = directed,
            Err(place) => self.directed.insert(place, directed),
        }
    }

    /// Tells a contact what all are told; whether that is a change.
    pub fn undirect(&mut self, to: &Jid) -> bool {
        let place = self.place_of(to);
        place.is_ok_and(|place| {
            self.directed.remove(place);
            true
        })
    }

    fn place_of(&self, to: &Jid) -> Result<usize, usize> {
        self.directed.binary_search_by(|known| known.to.as_str().cmp(to.as_str()))
    }

    /// When the next layer ends by itself.
    pub fn next_expiry(&self) -> Option<Wall> {
        let held = self.held.iter().filter_map(|held| held.until);
        let scroll = self.scroll.as_ref().and_then(|scroll| scroll.until);
        let directed = self.directed.iter().filter_map(|directed| directed.until);
        self.timed.iter().map(|timed| timed.until).chain(held).chain(scroll).chain(directed).min()
    }

    /// Takes away the layers whose time has come, and lets follow what was to follow them; whether there were any.
    /// The timed layer is given to `ended`, so that its end can be kept.
    pub fn expire(&mut self, now: Wall, ended: impl FnOnce(Timed)) -> bool {
        let count = |layers: &Self| layers.held.len() + layers.directed.len();
        let before = count(self);
        self.held.retain(|held| held.until.is_none_or(|until| until > now));
        self.directed.retain(|directed| directed.until.is_none_or(|until| until > now));
        let stopped = self.scroll.take_if(|scroll| scroll.until.is_some_and(|until| until <= now)).is_some();
        let released = stopped || count(self) != before;
        let Some(timed) = self.timed.take_if(|timed| timed.until <= now) else { return released };
        if let Some(then) = timed.then.clone() {
            self.base.show = then.show;
            self.base.status = then.status;
        }
        ended(timed);
        true
    }

    /// Every layer that is there, the highest first; the base is the last.
    pub fn sheets(&self) -> Vec<Sheet<'_>> {
        let mut sheets: Vec<Sheet<'_>> = self.held.iter().rev().map(Sheet::of_held).collect();
        sheets.extend(self.scroll.as_ref().map(Sheet::of_scroll));
        sheets.extend(self.timed.as_ref().map(Sheet::of_timed));
        sheets.extend(self.idle.as_ref().map(|idle| Sheet {
            by: Some(idle.by),
            counts: yields_to_idle(self.base.show),
            ..Sheet::of(Layer::Idle, idle.show)
        }));
        sheets.push(Sheet {
            status: self.base.status.as_deref(),
            priority: Some(self.base.priority),
            ..Sheet::of(Layer::Base, self.base.show)
        });
        sheets
    }

    /// What the person asked for by all layers together: without what moves by itself (idle, scroll, the tune).
    pub fn requested(&self) -> Presence {
        let sheets = self.sheets();
        let mut asked = sheets.iter().filter(|sheet| sheet.layer != Layer::Idle && sheet.layer != Layer::Scroll);
        Presence {
            show: asked.clone().find_map(|sheet| sheet.show).unwrap_or(self.base.show),
            priority: asked.clone().find_map(|sheet| sheet.priority).unwrap_or(self.base.priority),
            status: asked.find_map(|sheet| sheet.status).map(str::to_owned),
        }
    }
}

impl<'a> Sheet<'a> {
    /// The text that the tune offers.
    pub(super) fn tune(text: &'a str) -> Self {
        Self::of_text(Layer::Tune, text)
    }

    fn of_text(layer: Layer, text: &'a str) -> Self {
        let (show, priority, until, then, by) = (None, None, None, None, None);
        Self { layer, show, status: Some(text), priority, until, then, by, counts: true }
    }

    fn of_scroll(scroll: &'a Scroll) -> Self {
        Self { until: scroll.until, ..Self::of_text(Layer::Scroll, &scroll.window) }
    }

    fn of(layer: Layer, show: Show) -> Self {
        let (status, priority, until, then, by) = (None, None, None, None, None);
        Self { layer, show: Some(show), status, priority, until, then, by, counts: true }
    }

    fn over(layer: Layer, overlay: &'a Overlay) -> Self {
        Self { status: overlay.status.as_deref(), priority: overlay.priority, ..Self::of(layer, overlay.show) }
    }

    fn of_held(held: &'a Held) -> Self {
        Self { until: held.until, by: held.by.as_deref(), ..Self::over(Layer::Command, &held.overlay) }
    }

    fn of_timed(timed: &'a Timed) -> Self {
        Self { until: Some(timed.until), then: timed.then.as_ref(), ..Self::over(Layer::Timed, &timed.overlay) }
    }
}

/// Whether idle may show in place of this.
fn yields_to_idle(show: Show) -> bool {
    match show {
        Show::Online | Show::Chat | Show::Away => true,
        Show::Xa | Show::Dnd | Show::Offline | Show::Invisible => false,
    }
}
