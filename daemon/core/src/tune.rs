//! A track: what a player plays, cleaned of everything that must not leave the machine.

use std::time::Duration;

/// What is being listened to (XEP-0118's words). Every text is clean and bounded; at least title or uri is there
/// in a track that can be published, see [`Track::is_publishable`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Track {
    /// The performers, joined by ", ".
    pub artist: Option<String>,
    /// The song's name.
    pub title: Option<String>,
    /// The album or other collection.
    pub source: Option<String>,
    /// The position in the collection.
    pub track: Option<String>,
    /// How long it lasts.
    pub length: Option<Duration>,
    /// Where it can be found; http or https only, without user, query and fragment.
    pub uri: Option<String>,
    /// The listener's rating, 1 to 10.
    pub rating: Option<u8>,
}

impl Track {
    /// Whether there is enough to tell a contact.
    pub fn is_publishable(&self) -> bool {
        self.title.is_some() || self.uri.is_some()
    }
}
