//! Which layer a part of a presence comes from, in words. Showing the rest is the verbs' work.

use xmppd_proto::Timestamp;
use xmppd_proto::reply::{AccountStatus, Layer, LayerName, Part};

use crate::time;

/// Which layers the presence comes from, and until when.
pub(super) fn source(account: &AccountStatus, now: Timestamp) -> String {
    let mut names: Vec<String> = Vec::new();
    for layer in [Part::Show, Part::Status].into_iter().filter_map(|part| deciding(account, part)) {
        let name = match layer.until {
            Some(until) => format!("{} until {}", layer.layer.as_str(), time::clock(until, now)),
            None => layer.layer.as_str().to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [only] if only == LayerName::Base.as_str() => "you".to_owned(),
        _ => names.join(" + "),
    }
}

/// The layer that a part comes from. A daemon that does not tell has the highest that says it.
pub(super) fn deciding(account: &AccountStatus, part: Part) -> Option<&Layer> {
    let tells = account.layers.iter().any(|layer| !layer.decides.is_empty());
    account.layers.iter().find(|layer| {
        let says = match part {
            Part::Show => layer.show.is_some(),
            Part::Status => layer.status.is_some(),
            Part::Priority => layer.priority.is_some(),
        };
        if tells { layer.decides.contains(&part) } else { says }
    })
}
