//! `tune` and the verbs that change it.

use std::time::Duration;

use xmppd_core::account::Playing;
use xmppd_core::players::{Hold, Unskippable};
use xmppd_core::template::{Template, TemplateError};
use xmppd_core::time::Wall;
use xmppd_core::tune::{Metadata, Track};
use xmppd_proto::reply::{PlayerList, TuneExplanation, TuneReport, TuneText};
use xmppd_proto::request::{TuneHold, TuneRender, TuneSet};
use xmppd_proto::{Failure, Kind, Timestamp};

use super::desk::Desk;
use crate::host;
use crate::hub::tune_to_proto;
use crate::players::chooser::{Ended, Unpinnable, Wish};
use crate::store::{Change, StoreError};

impl Desk {
    pub(super) async fn tune(&self) -> Result<TuneReport, Failure> {
        self.hub.read(|state, _| state.tune.clone()).await
    }

    /// A tune by hand; it needs a title or an address that contacts could open.
    pub(super) async fn tune_set(&self, params: TuneSet) -> Result<TuneReport, Failure> {
        let end = end(params.for_ms)?;
        let track = track(params);
        if !track.is_publishable() {
            return Err(Failure::usage("a tune needs a title, or an http or https address"));
        }
        self.wish(Wish::Set(Some(track), end)).await
    }

    pub(super) async fn tune_clear(&self) -> Result<TuneReport, Failure> {
        self.wish(Wish::Set(None, None)).await
    }

    /// Switches publishing on or off, also for the next start.
    pub(super) async fn tune_switch(&self, on: bool) -> Result<TuneReport, Failure> {
        self.kept_wish(Change::TuneSwitch(on), Wish::Switch(on)).await
    }

    /// Publishes nothing for a time, or until `tune resume`; also over the next start.
    pub(super) async fn tune_hold(&self, params: &TuneHold) -> Result<TuneReport, Failure> {
        let hold = Some(end(params.for_ms)?.map_or(Hold::Open, Hold::Until));
        self.kept_wish(Change::TuneHold(hold), Wish::Hold(hold)).await
    }

    pub(super) async fn tune_resume(&self) -> Result<TuneReport, Failure> {
        self.kept_wish(Change::TuneHold(None), Wish::Hold(None)).await
    }

    /// What plays now is not published; what the player plays next is.
    pub(super) async fn tune_skip(&self) -> Result<TuneReport, Failure> {
        self.players.skip().await.map_err(ended)?.map_err(|unskippable| match unskippable {
            Unskippable::Nothing => Failure::new(Kind::NotFound, "no track is there to be skipped")
                .with_hint("`xmppctl tune` says why; `xmppctl tune hold` publishes nothing for a time"),
            Unskippable::ByHand => Failure::new(Kind::Conflict, "a tune set by hand is published")
                .with_hint("`xmppctl tune clear` withdraws it"),
        })
    }

    /// Lets a player go before all others, also over the next start.
    pub(super) async fn tune_use(&self, player: String) -> Result<TuneReport, Failure> {
        if player == "auto" {
            return self.kept_wish(Change::TunePin(None), Wish::Unpin).await;
        }
        let report = match self.players.pin(player.clone()).await.map_err(ended)? {
            Ok(report) => report,
            Err(Unpinnable::Absent) => return Err(self.absent(&player).await),
            Err(Unpinnable::Denied(rule)) => {
                let hint = "change [tune] in the configuration, then run `xmppctl config reload`";
                return Err(Failure::new(Kind::Policy, format!("{player} is not to be told: {rule}")).with_hint(hint));
            }
        };
        self.store.apply(vec![Change::TunePin(Some(player))]).await.map_err(|error| forgotten(&error))?;
        Ok(report)
    }

    pub(super) async fn tune_players(&self) -> Result<PlayerList, Failure> {
        self.players.list().await.map_err(ended)
    }

    /// Why each player, or one, is chosen or not, and what became of the last publish.
    pub(super) async fn tune_explain(&self, player: Option<String>) -> Result<TuneExplanation, Failure> {
        let players = self.players.explain(player.clone()).await.map_err(ended)?;
        match player {
            Some(absent) if players.is_empty() => Err(self.absent(&absent).await),
            Some(_) | None => {
                let filter = self.players.filter().await.map_err(ended)?;
                let (report, accounts) = (self.tune().await?, self.hub.published().await?);
                Ok(TuneExplanation { report, players, accounts, filter })
            }
        }
    }

    /// What a template makes of what plays, or of a sample.
    pub(super) async fn tune_render(&self, params: &TuneRender) -> Result<TuneText, Failure> {
        let template: Template = params.template.parse().map_err(|error: TemplateError| {
            let hint = "for instance: ♪ {title|url|\"?\"}[ by {artist}][ ({length})]";
            Failure::usage(format!("this is no template: {error}")).with_hint(hint)
        })?;
        let present = self.players.present().await.map_err(ended)?;
        let sample = present.is_none();
        let Playing { track, player } = present.unwrap_or_else(sample_track);
        let text = template.render(&track, player.as_deref());
        Ok(TuneText { text, sample, tune: tune_to_proto(&track), player })
    }

    async fn wish(&self, wish: Wish) -> Result<TuneReport, Failure> {
        self.players.wish(wish).await.map_err(ended)
    }

    async fn kept_wish(&self, change: Change, wish: Wish) -> Result<TuneReport, Failure> {
        let stored = self.store.apply(vec![change]);
        let report = self.wish(wish).await?;
        stored.await.map_err(|error| forgotten(&error))?;
        Ok(report)
    }

    /// There is no player of this name; the failure names those that are there.
    async fn absent(&self, player: &str) -> Failure {
        let mut names: Vec<String> = match self.players.list().await {
            Ok(list) => list.players.into_iter().map(|player| player.player).collect(),
            Err(_) => return ended(Ended),
        };
        names.sort();
        names.dedup();
        let hint = match names.as_slice() {
            [] => "no player is running; start it first".to_owned(),
            names => format!("there are: {}", names.join(", ")),
        };
        Failure::new(Kind::NotFound, format!("there is no player {player}")).with_hint(hint)
    }
}

/// The end of what lasts so long from now on.
fn end(for_ms: Option<u64>) -> Result<Option<Wall>, Failure> {
    let Some(millis) = for_ms else { return Ok(None) };
    let end = i64::try_from(millis).ok().and_then(|millis| host::now().wall.as_unix_millis().checked_add(millis));
    let end = end.filter(|end| millis > 0 && Timestamp::from_millisecond(*end).is_ok());
    let wrong = || Failure::usage("it has to last longer than nothing, and to end before the calendar does");
    end.map(|end| Some(Wall::from_unix_millis(end))).ok_or_else(|| wrong().with_hint("for instance: --for 1h30m"))
}

fn sample_track() -> Playing {
    let text = |text: &str| Some(text.to_owned());
    let track = Track {
        artist: text("Nina Simone"),
        title: text("Sinnerman"),
        source: text("Pastel Blues"),
        track: text("9"),
        length: Some(Duration::from_secs(622)),
        uri: text("https://music.example/sinnerman"),
        rating: None,
    };
    Playing { track, player: text("mpv") }
}

fn forgotten(error: &StoreError) -> Failure {
    Failure::new(Kind::Unexpected, format!("done, but a restart will forget it: {error}"))
        .with_hint("see `xmppctl doctor`")
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
