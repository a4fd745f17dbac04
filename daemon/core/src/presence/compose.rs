//! One pure function from the layers to what contacts see, and one that tells why. Who calls them when, and what is
//! sent, is left to the account.

use super::{Layer, Layers, Presence, Sheet, Show};
use crate::time::Wall;

/// When the tune's text is shown as the status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StatusWhen {
    /// Only while the requested status has no text.
    #[default]
    Empty,
    /// In place of any requested text.
    Always,
    /// Not at all.
    Never,
}

/// What contacts are to see, and which layer says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// The result.
    pub presence: Presence,
    /// The layer the show is from.
    pub show_from: Layer,
    /// The layer the text is from, if there is a text.
    pub status_from: Option<Layer>,
    /// Since when the person has been away, where that is what contacts see and they are to know (XEP-0319).
    pub idle_since: Option<Wall>,
    /// The tune's text, whether it is shown or not.
    pub tune: Option<Offered>,
}

/// A text that the tune offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The text.
    pub text: String,
    /// When it may be shown.
    pub when: StatusWhen,
}

/// A part of a presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The availability.
    Show,
    /// The text.
    Status,
    /// The priority.
    Priority,
}

/// Why a layer decides what it decides, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It decides, for nothing is above it.
    Highest,
    /// It decides what this layer above it leaves open.
    LeftOpenBy(Layer),
    /// It decides the text by the rule for the tune.
    Tune(StatusWhen),
    /// It decides nothing: this layer is above it.
    Under(Layer),
    /// Idle does not override what was asked for.
    NeverOver(Show),
    /// The tune is shown only while there is no text.
    OwnText,
    /// The tune is never shown as a text.
    Never,
    /// Who cannot be seen shows no tune.
    Unseen,
}

/// One layer and its part in the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained<'a> {
    /// What it says.
    pub sheet: Sheet<'a>,
    /// What of the result is from it.
    pub decides: Vec<Part>,
    /// Why.
    pub reason: Reason,
}

/// Composes what contacts see: for each part, the highest layer that says something about it. `tune_text` is the
/// rendered text of the tune being published, if any; who is offline or invisible never shows it.
pub fn compose(layers: &Layers, tune_text: Option<&str>, when: StatusWhen) -> Composed {
    let sheets = layers.sheets();
    let counting = || sheets.iter().filter(|sheet| sheet.counts);
    let base = layers.base();
    let (show, show_from) =
        counting().find_map(|sheet| Some((sheet.show?, sheet.layer))).unwrap_or((base.show, Layer::Base));
    let priority = counting().find_map(|sheet| sheet.priority).unwrap_or(base.priority);
    let own = counting().find_map(|sheet| Some((sheet.status?, sheet.layer)));
    let tune_shows = show.is_visible()
        && match when {
            StatusWhen::Empty => own.is_none(),
            StatusWhen::Always => true,
            StatusWhen::Never => false,
        };
    let text = tune_text.filter(|_| tune_shows).map(|text| (text, Layer::Tune)).or(own);
    Composed {
        presence: Presence { show, status: text.map(|(text, _)| text.to_owned()), priority },
        show_from,
        status_from: text.map(|(_, layer)| layer),
        idle_since: layers.idle().and_then(|idle| idle.since).filter(|_| show_from == Layer::Idle),
        tune: tune_text.map(|text| Offered { text: text.to_owned(), when }),
    }
}

/// Tells of each layer, the highest first, what of the result is from it and why. `composed` is what [`compose`] made
/// of the same layers.
pub fn explain<'a>(layers: &'a Layers, composed: &'a Composed) -> Vec<Explained<'a>> {
    let mut sheets = layers.sheets();
    if let Some(offered) = &composed.tune {
        let base = sheets.len().saturating_sub(1);
        sheets.insert(base, Sheet::tune(&offered.text));
    }
    let says = |sheet: &Sheet<'_>, part: Part| match part {
        Part::Show => sheet.show.is_some(),
        Part::Status => sheet.status.is_some(),
        Part::Priority => sheet.priority.is_some(),
    };
    let decides = |index: usize, part: Part| {
        let from_tune = part == Part::Status && composed.status_from == Some(Layer::Tune);
        let may = |sheet: &Sheet<'_>| sheet.counts && (sheet.layer == Layer::Tune) == from_tune && says(sheet, part);
        sheets.iter().position(may) == Some(index)
    };
    let parts: Vec<Vec<Part>> = (0..sheets.len())
        .map(|index| {
            [Part::Show, Part::Status, Part::Priority].into_iter().filter(|part| decides(index, *part)).collect()
        })
        .collect();
    let above = |index: usize| sheets.iter().take(index).find(|sheet| sheet.counts && sheet.layer != Layer::Tune);
    let reasons: Vec<Reason> = sheets
        .iter()
        .enumerate()
        .map(|(index, sheet)| match (sheet.layer, above(index), parts[index].is_empty()) {
            (Layer::Tune, _, _) => of_tune(composed),
            (Layer::Idle, _, _) if !sheet.counts => Reason::NeverOver(layers.base().show),
            (_, None, _) => Reason::Highest,
            (_, Some(_), true) => under(composed, sheet),
            (_, Some(above), false) => Reason::LeftOpenBy(above.layer),
        })
        .collect();
    let explained = sheets.into_iter().zip(parts).zip(reasons);
    explained.map(|((sheet, decides), reason)| Explained { sheet, decides, reason }).collect()
}

/// What says in place of a layer what it would say.
fn under(composed: &Composed, sheet: &Sheet<'_>) -> Reason {
    let by_text = composed.status_from.filter(|_| sheet.show.is_none());
    Reason::Under(by_text.unwrap_or(composed.show_from))
}

fn of_tune(composed: &Composed) -> Reason {
    let when = composed.tune.as_ref().map_or(StatusWhen::Never, |offered| offered.when);
    if composed.status_from == Some(Layer::Tune) {
        return Reason::Tune(when);
    }
    match when {
        StatusWhen::Never => Reason::Never,
        StatusWhen::Empty | StatusWhen::Always if !composed.presence.show.is_visible() => Reason::Unseen,
        StatusWhen::Empty | StatusWhen::Always => Reason::OwnText,
    }
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
