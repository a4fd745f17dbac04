//! What is asked and told of the choice of a tune.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::{Played, PlayerState, Tune, TuneState};

use super::{at, check, check_request, some};

fn tune() -> Tune {
    Tune { artist: some("Ondes Lentes"), title: some("Marée"), ..Tune::default() }
}

fn mpv() -> Player {
    Player {
        player: "mpv".into(),
        bus_name: "org.mpris.MediaPlayer2.mpv.instance7".into(),
        identity: some("mpv Media Player"),
        state: PlayerState::Playing,
        chosen: true,
        rule: "allow \"*\"".into(),
        tune: Some(tune()),
    }
}

fn published() -> TuneReport {
    TuneReport {
        tune: Some(tune()),
        player: some("mpv"),
        state: TuneState::Playing,
        pinned: some("mpv"),
        ..TuneReport::default()
    }
}

#[test]
fn wishes_keep_their_shape() {
    check_request("tune.set-for", &TuneSet { title: some("Vinyl"), for_ms: Some(1_200_000), ..TuneSet::default() });
    check_request("tune.hold", &TuneHold { for_ms: Some(3_600_000) });
    check_request("tune.resume", &TuneResume {});
    check_request("tune.skip", &TuneSkip {});
    check_request("tune.use", &TuneUse { player: "mpv".into() });
    check_request("tune.explain", &TuneExplain { player: some("mpv") });
    check_request("tune.render", &TuneRender { template: "♪ {title|url|\"?\"}[ by {artist}]".into() });
    let (reason, until) = (some("publishing the tune is held"), Some(at("2026-11-22T18:30:00Z")));
    check("reply/tune-held", &TuneReport { state: TuneState::Held, reason, until, ..TuneReport::default() });
    check("reply/tune-pinned", &published());
}

#[test]
fn what_a_filter_reads_and_says_keeps_its_shape() {
    check("played", &Played { player: "mpv".into(), tune: tune() });
    for verdict in ["asked", "passed", "changed", "withheld", "failed"] {
        let read: FilterVerdict = serde_json::from_value(verdict.into()).expect("a word for a verdict");
        assert_eq!(serde_json::to_value(read).ok(), Some(verdict.into()));
    }
}

#[test]
fn explanations_keep_their_shape() {
    let denied = Player {
        player: "firefox".into(),
        bus_name: "org.mpris.MediaPlayer2.firefox.instance_1_42".into(),
        identity: None,
        chosen: false,
        rule: "deny \"firefox\"".into(),
        tune: None,
        ..mpv()
    };
    let accepted = TunePublish { at: at("2026-11-22T18:00:03.25Z"), accepted: true, tune: Some(tune()), error: None };
    let error = some("the server refused the tune: conflict");
    let refused = TunePublish { accepted: false, error: error.clone(), ..accepted.clone() };
    let withdrawn = TunePublish { tune: None, ..accepted.clone() };
    let account = |account: &str, reason: Option<String>, last: Option<TunePublish>| AccountTune {
        account: account.into(),
        publishes: reason.is_none(),
        reason,
        last,
    };
    check(
        "reply/tune.explain",
        &TuneExplanation {
            report: published(),
            players: vec![
                ExplainedPlayer { player: mpv(), why: "it is pinned, and goes before vlc".into() },
                ExplainedPlayer { player: denied, why: "its rule denies it".into() },
            ],
            accounts: vec![
                account("home", None, Some(accepted)),
                account("away", error, Some(refused)),
                account("work", some("not online"), Some(withdrawn)),
                account("idle", some("tune = false in the configuration"), None),
            ],
            filter: None,
        },
    );
    let posted = Player { player: "webhook".into(), bus_name: "webhook".into(), identity: some("foobar2000"), ..mpv() };
    let reason = some("the filter failed, so this song is not told: exit status: 1");
    let failed = TuneReport { tune: None, player: some("webhook"), pinned: None, reason, ..published() };
    let (program, verdict) = ("/home/romeo/bin/filter".to_owned(), Some(FilterVerdict::Failed));
    check(
        "reply/tune.explain-filter",
        &TuneExplanation {
            report: failed,
            players: vec![ExplainedPlayer { player: posted, why: "it plays, and mpv is paused".into() }],
            accounts: vec![],
            filter: Some(FilterReport { program, verdict, reason: some("exit status: 1") }),
        },
    );
    let text = some("♪ Marée by Ondes Lentes");
    check("reply/tune.render", &TuneText { text, sample: false, tune: tune(), player: some("mpv") });
    check("reply/tune.render-sample", &TuneText { text: None, sample: true, tune: tune(), player: some("mpv") });
}
