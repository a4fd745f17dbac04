//! What accounts ask of the store while messages go out and come in, as a fixed row of steps and as random ones.

use std::time::Duration;

use jid::{BareJid, FullJid, Jid};
use xmppd_core::account::{Aside, Border, Incoming, KeptMessage, KeptSession, Known, Merged, Origin, Returned};
use xmppd_core::entropy::Entropy;
use xmppd_core::stanza::MessageKind;
use xmppd_core::time::Wall;

use crate::store::{Change, KeptAccount};

const ROMEO: &str = "romeo@verona.example";
const JULIET: &str = "juliet@verona.example";

/// What is done at once.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Requests that were waiting together.
    Apply(Vec<Vec<Change>>),
    /// The oldest of the messages that are on the disk alone is fetched.
    Load,
    /// Nobody waits.
    Wipe,
}

pub(super) fn home() -> String {
    "home".into()
}

/// What there is before anything else.
pub(super) fn account() -> Vec<Change> {
    vec![Change::Account(KeptAccount { name: home(), jid: ROMEO.into(), resource: "xmppd.1".into() })]
}

/// A message is taken, by the history as well.
pub(super) fn take(id: &str) -> Change {
    Change::Message { account: home(), message: kept(id, None), filed: Some(Box::new(filed(id, "Peace", true))) }
}

/// The ways of a message, each at least once: taken alone and with others, corrected, placed in a session, taken by the
/// server, returned, set aside and tried again, withdrawn, failed; and what comes, with the archive's border.
pub(super) fn usual() -> Vec<Step> {
    let alone = |change: Change| Step::Apply(vec![vec![change]]);
    let each = |changes: Vec<Change>| Step::Apply(changes.into_iter().map(|change| vec![change]).collect());
    let long = "Parting is such sweet sorrow. ".repeat(160);
    let read = Change::Read { account: home(), chat: BareJid::new(JULIET).unwrap(), last: Some("in3".into()) };
    vec![
        alone(take("m1")),
        each(vec![take("m2"), take("m3"), take("m4")]),
        each(vec![behind("b1"), behind("b2")]),
        each(vec![corrected("m2", "Peace, peace", false), corrected("b1", &long, true)]),
        alone(session(Some(0))),
        each(vec![placed("m1", 1), placed("m2", 2), placed("m3", 3), placed("m4", 4)]),
        alone(handled(1, "in1")),
        // One that cannot be done leaves those beside it alone.
        each(vec![arrived(&["m1", "m2"]), corrected("m1", "Too late", false), handled(2, "in2")]),
        Step::Load,
        Step::Apply(vec![vec![placed("b1", 5), handled(3, "in3")], vec![take("m5")]]),
        each(vec![returned("m1", false), aside("m4", Aside::Uncertain)]),
        each(vec![arrived(&["m3"]), take("m4"), withdrawn("b2")]),
        Step::Wipe,
        each(vec![aside("m5", Aside::Failed), failed("m1")]),
        Step::Apply(vec![vec![Change::Known { account: home(), known: known("in4") }, read]]),
        alone(Change::Expired(Wall::from_unix_millis(2))),
        Step::Wipe,
        each(vec![session(None), returned("m2", true)]),
    ]
}

/// Steps with no sense in them.
pub(super) fn random(dice: &mut Entropy) -> Vec<Step> {
    (0..20).map(|_| random_step(dice)).collect()
}

fn random_step(dice: &mut Entropy) -> Step {
    match dice.below(12) {
        0 => Step::Wipe,
        1 => Step::Load,
        _ => {
            let requests = 1 + dice.below(4);
            Step::Apply((0..requests).map(|_| (0..=dice.below(2)).map(|_| random_change(dice)).collect()).collect())
        }
    }
}

fn random_change(dice: &mut Entropy) -> Change {
    let id = &format!("m{}", dice.below(8));
    let number = u32::try_from(dice.below(1_000)).unwrap();
    match dice.below(14) {
        0..3 => take(id),
        3 => behind(id),
        4 => corrected(id, &"x".repeat(1 << dice.below(17)), dice.below(2) == 0),
        5 => placed(id, number),
        6 => arrived(&[id]),
        7 => failed(id),
        8 => withdrawn(id),
        9 => aside(id, if number % 2 == 0 { Aside::Failed } else { Aside::Uncertain }),
        10 => returned(id, number % 2 == 0),
        11 => session((number % 4 > 0).then_some(number)),
        12 => Change::Known { account: home(), known: known(&format!("in{number}")) },
        _ => handled(number, &format!("in{number}")),
    }
}

fn kept(id: &str, position: Option<u32>) -> KeptMessage {
    KeptMessage {
        id: id.into(),
        to: Jid::new(JULIET).unwrap(),
        position,
        tried: false,
        chosen: Some("d".into()),
        returned: 0,
        replaces: None,
        stanza: format!("<message id='{id}' type='chat'><body>Peace</body></message>"),
        origin: Origin { at: Wall::from_unix_millis(7), after: None },
    }
}

fn filed(id: &str, body: &str, sent: bool) -> Incoming {
    let (romeo, juliet) = (Jid::new(ROMEO).unwrap(), Jid::new(JULIET).unwrap());
    let (from, to) = if sent { (romeo, juliet) } else { (juliet, romeo) };
    Incoming {
        id: id.into(),
        from,
        to,
        kind: MessageKind::Chat,
        body: Some(body.into()),
        subject: None,
        encrypted: None,
        urls: Vec::new(),
        at: Wall::from_unix_millis(if id == "in1" { 1 } else { 7 }),
        delayed: false,
        carbon: false,
        sent,
        place: (!sent).then(|| format!("place of {id}")),
        origin: None,
        replaces: None,
        reply_to: None,
        markable: false,
        wants_receipt: false,
        room: None,
    }
}

fn behind(id: &str) -> Change {
    Change::Backlog { account: home(), message: kept(id, None), filed: Some(Box::new(filed(id, "Peace", true))) }
}

fn placed(id: &str, position: u32) -> Change {
    Change::Message { account: home(), message: kept(id, Some(position)), filed: None }
}

fn corrected(id: &str, body: &str, behind: bool) -> Change {
    let merged = Merged {
        id: id.into(),
        stanza: format!("<message id='{id}' type='chat'><body>{body}</body></message>"),
        behind,
        kind: MessageKind::Chat,
        body: body.into(),
        subject: None,
        url: None,
        told: Some(format!("correction of {id}")),
    };
    Change::Merged { account: home(), merged: Box::new(merged) }
}

fn arrived(ids: &[&str]) -> Change {
    let names = ids.iter().map(|id| format!("mine {id}")).collect();
    Change::Arrived { account: home(), ids: ids.iter().map(|&id| id.into()).collect(), names }
}

fn returned(id: &str, has_failed: bool) -> Change {
    let message = KeptMessage { returned: 1, ..kept(id, None) };
    let forgets = Some(format!("mine {id}"));
    let returned = Box::new(Returned { message, reason: "gone".into(), has_failed, forgets });
    Change::Returned { account: home(), returned }
}

fn failed(id: &str) -> Change {
    Change::Failed { account: home(), ids: vec![id.into()], reason: "no such person".into() }
}

fn withdrawn(id: &str) -> Change {
    Change::Withdrawn { account: home(), ids: vec![id.into()] }
}

fn aside(id: &str, aside: Aside) -> Change {
    Change::SetAside { account: home(), id: id.into(), aside, reason: "the session is lost".into() }
}

fn session(handled: Option<u32>) -> Change {
    let kept = |handled| KeptSession {
        jid: FullJid::new(&format!("{ROMEO}/xmppd.1")).unwrap(),
        previd: "sm-1".into(),
        max: Some(Duration::from_secs(600)),
        location: None,
        client_state: true,
        pre_approval: false,
        hidden: false,
        handled,
        at: Wall::from_unix_millis(7),
    };
    Change::Session { account: home(), session: handled.map(kept) }
}

fn handled(handled: u32, id: &str) -> Change {
    Change::Handled { account: home(), handled, at: Wall::from_unix_millis(8), known: known(id) }
}

/// A message came.
fn known(id: &str) -> Known {
    Known {
        border: Some(Border { id: Some(format!("place of {id}")), at: Wall::from_unix_millis(7) }),
        told: vec![format!("theirs {id}")],
        messages: vec![filed(id, "Ay me", false)],
        ..Known::default()
    }
}
