//! What is asked and told of the layers of a presence.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::{Failure, Kind, Show};

use super::{at, check, check_request, some};

#[test]
fn what_is_asked_of_layers_keeps_its_shape() {
    let then = Some(StatusThen { show: Show::Online, status: some("Good morning") });
    let to = some("juliet@verona.example");
    check_request("status.set-to", &StatusSet { to: to.clone(), ..StatusSet::new(Show::Away) });
    check_request("status.clear-to", &StatusClear { to, ..StatusClear::default() });
    check_request("status.set-for", &StatusSet { for_ms: Some(5_400_000), then, ..StatusSet::new(Show::Xa) });
    check_request(
        "status.set-until",
        &StatusSet { until: Some(at("2026-11-23T06:30:00Z")), ..StatusSet::new(Show::Xa) },
    );
    let account = some("home");
    check_request(
        "status.clear",
        &StatusClear {
            layer: Some(LayerName::Timed),
            to: None,
            account: account.clone(),
            wait_ms: Some(1),
            no_wait: true,
        },
    );
    check_request("status.layers", &StatusLayers { account: account.clone() });
    let hold = StatusHold {
        show: Show::Dnd,
        status: some("Building"),
        priority: Some(-1),
        for_ms: Some(60_000),
        until: None,
        by: some("make"),
        account,
    };
    check_request("status.hold", &hold);
    check_request("status.release", &StatusRelease {});
    let (text, account) = ("Out of office".to_owned(), some("home"));
    let (every_ms, for_ms, width) = (Some(2_000), Some(600_000), Some(16));
    check_request("scroll", &Scroll { text: text.clone(), every_ms, for_ms, width, account: account.clone() });
    check_request("scroll.preview", &ScrollPreview { text, width });
    check_request("scroll.off", &ScrollOff { account });
}

#[test]
fn layers_keep_their_shape() {
    let reason = some;
    let command = Layer {
        show: Some(Show::Dnd),
        by: some("make"),
        decides: vec![Part::Show],
        reason: reason("nothing is above it"),
        ..Layer::new(LayerName::Command)
    };
    let timed = Layer {
        show: Some(Show::Away),
        status: some("Lunch"),
        priority: Some(1),
        until: Some(at("2026-11-22T12:30:00Z")),
        then: Some(Then { show: Show::Online, status: None }),
        decides: vec![Part::Status, Part::Priority],
        reason: reason("command leaves it open"),
        ..Layer::new(LayerName::Timed)
    };
    let base = Layer {
        show: Some(Show::Online),
        priority: Some(5),
        reason: reason("command is above it"),
        ..Layer::new(LayerName::Base)
    };
    let presence = Presence { show: Show::Dnd, status: some("Lunch"), priority: 1 };
    let status = AccountStatus {
        account: "home".into(),
        jid: "romeo@verona.example/xmppd.1".into(),
        connection: ConnectionState::Online,
        delivery: Delivery::Acknowledged,
        requested: presence.clone(),
        effective: presence,
        layers: vec![command, timed, base],
        directed: Vec::new(),
        error: None,
    };
    check("reply/status.layers", &StatusReport { accounts: vec![status] });
    let status = AccountStatus {
        account: "work".into(),
        jid: "romeo@mantua.example".into(),
        connection: ConnectionState::Online,
        delivery: Delivery::Pending,
        requested: Presence { show: Show::Invisible, ..Presence::default() },
        effective: Presence { show: Show::Invisible, ..Presence::default() },
        layers: Vec::new(),
        directed: vec![Directed {
            to: "juliet@verona.example".into(),
            show: Show::Away,
            status: some("For you"),
            until: Some(at("2026-11-22T18:30:00Z")),
        }],
        error: Some(Failure::new(Kind::Unsupported, "the server of work cannot make you invisible (XEP-0186)")),
    };
    check("reply/status.of-one", &StatusReport { accounts: vec![status] });
    check("reply/scroll.preview", &ScrollFrames { frames: vec!["Out o".into(), "ut of".into()] });
}
