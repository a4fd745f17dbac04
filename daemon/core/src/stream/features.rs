//! Stream features, read leniently: by namespace, name and parent, in any order; what is not known is skipped.
//! Choosing among them is [`crate::negotiation`]'s.

use std::time::Duration;

use crate::xml::{Element, ns};

/// What the server offers at this point of the stream (RFC 6120 section 4.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// RFC 6120 section 5: TLS on this connection.
    pub starttls: bool,
    /// RFC 6120 section 6: the mechanisms of SASL's first profile, in the server's order.
    pub mechanisms: Vec<String>,
    /// XEP-0440: the channel bindings the server can check; `None` when it says nothing about them.
    pub channel_bindings: Option<Vec<String>>,
    /// XEP-0388: SASL's second profile.
    pub authentication: Option<Authentication>,
    /// RFC 6120 section 7: resource binding.
    pub bind: bool,
    /// RFC 3921: a session must be asked for, and is not marked optional.
    pub session_required: bool,
    /// XEP-0198, in version 3.
    pub management: bool,
    /// RFC 6121 section 2.6.1: the roster can be asked for by version.
    pub roster_versioning: bool,
    /// RFC 6121 section 3.4: subscriptions can be granted beforehand.
    pub pre_approval: bool,
    /// XEP-0352: the server wants to know whether anyone looks.
    pub client_state: bool,
    /// XEP-0115: the server's own capabilities, as `node#ver`.
    pub caps: Option<String>,
    /// XEP-0478: what the server refuses or ends.
    pub limits: StreamLimits,
    /// XEP-0509: which offer this is.
    pub config_version: Option<ConfigVersion>,
}

/// XEP-0509: the name of a server's offer; another offer has another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigVersion {
    /// How the name is made; nothing that a client could make use of.
    pub scheme: Option<String>,
    /// The name itself.
    pub value: String,
}

/// XEP-0478's two numbers; one that is missing or unreadable is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamLimits {
    /// The size of a first-level element, in bytes.
    pub max_bytes: Option<u64>,
    /// How long the stream may be silent.
    pub idle: Option<Duration>,
}

/// XEP-0388: what one request for authentication can hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authentication {
    /// The mechanisms, in the server's order; not those of tokens.
    pub mechanisms: Vec<String>,
    /// XEP-0198: resuming inline.
    pub management: bool,
    /// XEP-0386: binding inline, with the namespaces that it can enable; `None` when not offered.
    pub bind: Option<Vec<String>>,
    /// XEP-0484: login with a token.
    pub fast: Option<Fast>,
    /// XEP-0480: upgrade tasks.
    pub upgrades: Vec<String>,
}

/// XEP-0484: how a token can be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fast {
    /// The mechanisms of tokens.
    pub mechanisms: Vec<String>,
    /// Whether TLS early data may carry it.
    pub early_data: bool,
}

impl Features {
    /// Reads a `<stream:features/>`; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("features", ns::STREAM) {
            return None;
        }
        let has = |name, namespace| element.child(name, namespace).is_some();
        let session = element.child("session", ns::SESSION);
        Some(Self {
            starttls: has("starttls", ns::TLS),
            mechanisms: element.child("mechanisms", ns::SASL).map(|list| texts(list, "mechanism")).unwrap_or_default(),
            channel_bindings: element.child("sasl-channel-binding", ns::SASL_CHANNEL_BINDING).map(channel_bindings),
            authentication: element.child("authentication", ns::SASL2).map(Authentication::parse),
            bind: has("bind", ns::BIND),
            session_required: session.is_some_and(|session| session.child("optional", ns::SESSION).is_none()),
            management: has("sm", ns::SM),
            roster_versioning: has("ver", ns::ROSTER_VERSIONING),
            pre_approval: has("sub", ns::PRE_APPROVAL),
            client_state: has("csi", ns::CSI),
            caps: element.child("c", ns::CAPS).and_then(|caps| {
                let (node, ver) = (caps.attr("node")?, caps.attr("ver")?);
                Some(format!("{node}#{ver}"))
            }),
            limits: element.child("limits", ns::STREAM_LIMITS).map(StreamLimits::parse).unwrap_or_default(),
            config_version: element.child("config-version", ns::IAP).and_then(ConfigVersion::parse),
        })
    }
}

impl ConfigVersion {
    /// Reads a `<config-version/>`; nothing without a value.
    pub fn parse(element: &Element) -> Option<Self> {
        Some(Self { scheme: element.attr("scheme").map(str::to_owned), value: element.attr("value")?.to_owned() })
    }

    /// The element that says what a request rests on.
    pub fn to_element(&self) -> Element {
        let element = Element::new("config-version", ns::IAP);
        element.with_optional_attr("scheme", self.scheme.as_deref()).with_attr("value", self.value.as_str())
    }
}

impl StreamLimits {
    /// Reads a `<limits/>`. Zero is no limit anyone could keep, so it counts as none.
    pub fn parse(element: &Element) -> Self {
        let number = |name| {
            let text = element.child_text(name, ns::STREAM_LIMITS)?;
            text.trim().parse::<u64>().ok().filter(|number| *number > 0)
        };
        Self { max_bytes: number("max-bytes"), idle: number("idle-seconds").map(Duration::from_secs) }
    }
}

impl Authentication {
    /// Reads an `<authentication/>`.
    pub fn parse(element: &Element) -> Self {
        let inline = element.child("inline", ns::SASL2);
        let inside = |name, namespace| inline.and_then(|inline| inline.child(name, namespace));
        let upgrades = element.children().filter(|child| child.is("upgrade", ns::SASL_UPGRADE));
        Self {
            mechanisms: texts(element, "mechanism"),
            management: inside("sm", ns::SM).is_some(),
            bind: inside("bind", ns::BIND2).map(bind_features),
            fast: inside("fast", ns::FAST).map(|fast| Fast {
                mechanisms: texts(fast, "mechanism"),
                early_data: matches!(fast.attr("tls-0rtt"), Some("true" | "1")),
            }),
            upgrades: upgrades.map(|task| task.text().trim().to_owned()).collect(),
        }
    }
}

/// The texts of the children that have this name and their parent's namespace.
fn texts(parent: &Element, name: &str) -> Vec<String> {
    let children = parent.children().filter(|child| child.is(name, parent.namespace()));
    children.map(|child| child.text().trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn channel_bindings(list: &Element) -> Vec<String> {
    let children = list.children().filter(|child| child.is("channel-binding", ns::SASL_CHANNEL_BINDING));
    children.filter_map(|child| child.attr("type")).map(str::to_owned).collect()
}

fn bind_features(bind: &Element) -> Vec<String> {
    let Some(inline) = bind.child("inline", ns::BIND2) else { return Vec::new() };
    let features = inline.children().filter(|child| child.is("feature", ns::BIND2));
    features.filter_map(|feature| feature.attr("var")).map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "features_tests.rs"]
mod tests;
