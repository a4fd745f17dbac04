//! What the watcher tells: values without a bus in them. Choosing among players and cleaning texts is the core's.

/// What a player says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Playback {
    /// It plays.
    Playing,
    /// It was paused and may go on.
    Paused,
    /// It does not play, or has not said anything yet.
    #[default]
    Stopped,
}

/// The metadata of the track a player holds, with repaired types and uncleaned texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metadata {
    /// `xesam:title`.
    pub(crate) title: Option<String>,
    /// `xesam:artist`.
    pub(crate) artists: Vec<String>,
    /// `xesam:album`.
    pub(crate) album: Option<String>,
    /// `xesam:trackNumber`, not negative.
    pub(crate) track_number: Option<i64>,
    /// `mpris:length` in microseconds, not negative.
    pub(crate) length_micros: Option<i64>,
    /// `xesam:url`, as the player gave it.
    pub(crate) url: Option<String>,
    /// `xesam:userRating`, a finite number from 0 up.
    pub(crate) user_rating: Option<f64>,
    /// `mpris:trackid`, whatever it looks like.
    pub(crate) track_id: Option<String>,
}

/// One player as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Snapshot {
    /// The shortest of the names it holds below `org.mpris.MediaPlayer2`.
    pub(crate) bus_name: String,
    /// The name it shows to people.
    pub(crate) identity: Option<String>,
    /// Whether it plays.
    pub(crate) playback: Playback,
    /// What it plays.
    pub(crate) metadata: Metadata,
}

/// One step of what is seen. `player` is the unique name of its connection; once it has vanished, the same name
/// may only come back as another player.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Observation {
    /// A player came. It counts as stopped until it has answered.
    Appeared {
        /// Whose.
        player: String,
        /// As far as it is known.
        snapshot: Snapshot,
    },
    /// A player differs; states in between may have been left out.
    Changed {
        /// Whose.
        player: String,
        /// The whole of it, not the difference.
        snapshot: Snapshot,
    },
    /// A player left, or the bus did.
    Vanished {
        /// Whose.
        player: String,
    },
}
