//! What this program tells others about itself: its identity and features (XEP-0030), and their hash (XEP-0115).

use crate::stanza::caps::Caps;
use crate::stanza::disco::{Identity, Info};
use crate::xml::{Element, ns};

/// The program's name, as told to others.
pub const NAME: &str = "xmppd";
/// The program's own URI; the node of its capabilities.
const NODE: &str = "https://xmppctl.org/xmppd";

/// The answer to a question about us, or about the node that our presence names; nothing about any other node.
pub fn describe(node: Option<&str>) -> Option<Element> {
    let info = info();
    let ours = match node {
        None => true,
        Some(node) => capabilities().query_node() == node,
    };
    ours.then(|| Info { node: node.map(str::to_owned), ..info }.to_element())
}

/// The `<c/>` of our presence.
pub fn capabilities() -> Caps {
    Caps::of(NODE, &info()).expect("our own capabilities are well-formed")
}

fn info() -> Info {
    let text = |text: &str| text.to_owned();
    // Without a language, which clients on libstrophe 0.12 do not find: they would ask after each presence, as the hash
    // is not what they compute.
    let identity = Identity { category: text("client"), kind: text("pc"), lang: String::new(), name: text(NAME) };
    let features = [
        ns::CAPS,
        ns::DISCO_INFO,
        ns::MUC,
        ns::ACTIVITY_NOTIFY,
        ns::AVATAR_NOTIFY,
        ns::MOOD_NOTIFY,
        ns::NICK_NOTIFY,
        ns::TUNE_NOTIFY,
        ns::CONFERENCE,
        ns::VERSION,
        ns::BOOKMARKS_NOTIFY,
        ns::DISPLAYED_NOTIFY,
        ns::PING,
        ns::RECEIPTS,
        ns::CHAT_MARKERS,
        ns::CORRECT,
    ];
    Info { node: None, identities: vec![identity], features: features.map(text).to_vec(), forms: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_presence_names_what_we_answer() {
        let caps = capabilities();
        let answer = describe(Some(&caps.query_node())).and_then(|answer| Info::parse(&answer)).unwrap();
        assert!(caps.names(&answer));
        assert_eq!(
            describe(None).and_then(|answer| Info::parse(&answer)).map(|info| info.features),
            Some(answer.features)
        );
        assert_eq!(describe(Some("https://elsewhere.example#1")), None);
    }
}
