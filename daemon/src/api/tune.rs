//! `tune` and the verbs that change it.

use xmppd_core::tune::{Metadata, Track};
use xmppd_proto::reply::{PlayerList, TuneReport};
use xmppd_proto::request::TuneSet;
use xmppd_proto::{Failure, Kind};

use super::desk::Desk;
use crate::players::chooser::Ended;
use crate::store::Change;

impl Desk {
    pub(super) async fn tune(&self) -> Result<TuneReport, Failure> {
        self.hub.read(|state, _| state.tune.clone()).await
    }

    /// A tune by hand; it needs a title or an address that contacts could open.
    pub(super) async fn tune_set(&self, params: TuneSet) -> Result<TuneReport, Failure> {
        let track = track(params);
        if !track.is_publishable() {
            return Err(Failure::usage("a tune needs a title, or an http or https address"));
        }
        self.players.set(Some(track)).await.map_err(ended)
    }

    pub(super) async fn tune_clear(&self) -> Result<TuneReport, Failure> {
        self.players.set(None).await.map_err(ended)
    }

    /// Switches publishing on or off, also for the next start.
    pub(super) async fn tune_switch(&self, on: bool) -> Result<TuneReport, Failure> {
        let stored = self.store.apply(vec![Change::TuneSwitch(on)]);
        let report = self.players.switch(on).await.map_err(ended)?;
        stored
            .await
            .map_err(|error| Failure::new(Kind::Unexpected, format!("done, but a restart will forget it: {error}")))?;
        Ok(report)
    }

    pub(super) async fn tune_players(&self) -> Result<PlayerList, Failure> {
        self.players.list().await.map_err(ended)
    }
}

fn track(params: TuneSet) -> Track {
    let metadata = Metadata {
        title: params.title,
        artists: params.artist.into_iter().collect(),
        album: params.source,
        track_number: None,
        length_micros: params.length_ms.and_then(|length| i64::try_from(length).ok()?.checked_mul(1_000)),
        url: params.uri,
        ..Metadata::default()
    };
    let number = params.track.as_deref().and_then(|number| xmppd_core::text::line(number, xmppd_core::text::PUBLISHED));
    Track { track: number, ..Track::from_metadata(&metadata) }
}

fn ended(_: Ended) -> Failure {
    Failure::new(Kind::NoDaemon, "the daemon is ending")
}
