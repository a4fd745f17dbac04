//! Stream errors (RFC 6120 section 4.9): read, written, and derived from what the reader refused.
//! What to do after one is left to the account.

use rxml::Error as XmlError;

use crate::conditions::conditions;
use crate::xml::{Element, Fault, ns};

conditions! {
    /// Why a stream ends (RFC 6120 section 4.9.3).
    Condition or "undefined-condition" {
        /// XML that cannot be processed.
        BadFormat = "bad-format",
        /// A namespace prefix that is not supported.
        BadNamespacePrefix = "bad-namespace-prefix",
        /// Another stream took this one's place.
        Conflict = "conflict",
        /// The peer believes that we are gone.
        ConnectionTimeout = "connection-timeout",
        /// The domain is no longer served there.
        HostGone = "host-gone",
        /// The domain is not served there.
        HostUnknown = "host-unknown",
        /// A stanza without a usable `to` or `from`.
        ImproperAddressing = "improper-addressing",
        /// A fault of the server.
        InternalServerError = "internal-server-error",
        /// A `from` that is not ours.
        InvalidFrom = "invalid-from",
        /// A stream namespace or content namespace that is not the right one.
        InvalidNamespace = "invalid-namespace",
        /// XML that a schema refuses.
        InvalidXml = "invalid-xml",
        /// Data was sent before the login.
        NotAuthorized = "not-authorized",
        /// XML that is not well-formed.
        NotWellFormed = "not-well-formed",
        /// Some local rule was broken.
        PolicyViolation = "policy-violation",
        /// The server cannot reach what it needs.
        RemoteConnectionFailed = "remote-connection-failed",
        /// The stream starts anew because features changed.
        Reset = "reset",
        /// The server lacks something.
        ResourceConstraint = "resource-constraint",
        /// A comment, processing instruction, document type or entity.
        RestrictedXml = "restricted-xml",
        /// The stream is to be opened elsewhere; see [`StreamError::other_host`].
        SeeOtherHost = "see-other-host",
        /// The server stops.
        SystemShutdown = "system-shutdown",
        /// See [`StreamError::specific`].
        UndefinedCondition = "undefined-condition",
        /// Not UTF-8.
        UnsupportedEncoding = "unsupported-encoding",
        /// A feature that is not supported.
        UnsupportedFeature = "unsupported-feature",
        /// A first-level element that is not known.
        UnsupportedStanzaType = "unsupported-stanza-type",
        /// A version of XMPP that is not supported.
        UnsupportedVersion = "unsupported-version",
    }
}

impl From<Fault> for Condition {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Xml(XmlError::RestrictedXml(_) | XmlError::UndeclaredEntity) => Self::RestrictedXml,
            Fault::Xml(_) => Self::NotWellFormed,
            Fault::StrayText => Self::BadFormat,
            Fault::Limit(_) => Self::PolicyViolation,
        }
    }
}

/// A `<stream:error/>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// Why; `UndefinedCondition` when none is given.
    pub condition: Condition,
    /// What the condition holds as text, in practice the other host (RFC 6120 section 4.9.3.19).
    pub other_host: Option<String>,
    /// A text for people.
    pub text: Option<String>,
    /// The name and namespace of a condition of some extension.
    pub specific: Option<(String, String)>,
}

impl StreamError {
    /// An error of ours.
    pub fn new(condition: Condition) -> Self {
        Self { condition, other_host: None, text: None, specific: None }
    }

    /// Reads a `<stream:error/>`; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("error", ns::STREAM) {
            return None;
        }
        let mut error = Self::new(Condition::UndefinedCondition);
        for child in element.children() {
            match (child.namespace(), child.name()) {
                (ns::STREAM_ERRORS, "text") => error.text = Some(child.text()),
                (ns::STREAM_ERRORS, name) => {
                    error.condition = Condition::from_name(name);
                    error.other_host = Some(child.text().trim().to_owned()).filter(|text| !text.is_empty());
                }
                (namespace, name) => error.specific = Some((name.to_owned(), namespace.to_owned())),
            }
        }
        Some(error)
    }

    /// The element to send before closing.
    pub fn to_element(&self) -> Element {
        let text = self.text.as_ref().map(|text| Element::new("text", ns::STREAM_ERRORS).with_text(text.as_str()));
        Element::new("error", ns::STREAM)
            .with_child(Element::new(self.condition.name_to_send(), ns::STREAM_ERRORS))
            .with_children(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn stream_errors_are_read_leniently() {
        let check =
            |inside: &str, condition: Condition, text: Option<&str>, host: Option<&str>, specific: Option<&str>| {
                let element = testing::element(&format!("<stream:error>{inside}</stream:error>"));
                let expected = StreamError {
                    condition,
                    text: text.map(str::to_owned),
                    other_host: host.map(str::to_owned),
                    specific: specific.map(|name| (name.to_owned(), ns::SM.to_owned())),
                };
                assert_eq!(StreamError::parse(&element), Some(expected), "{inside}");
            };
        let xmlns = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
        check(&format!("<conflict {xmlns}/>"), Condition::Conflict, None, None, None);
        check(
            &format!("<text {xmlns}>Bye</text><system-shutdown {xmlns}/>"),
            Condition::SystemShutdown,
            Some("Bye"),
            None,
            None,
        );
        check(
            &format!("<see-other-host {xmlns}> [::1]:5299\n</see-other-host>"),
            Condition::SeeOtherHost,
            None,
            Some("[::1]:5299"),
            None,
        );
        check(
            &format!("<undefined-condition {xmlns}/><handled-count-too-high xmlns='urn:xmpp:sm:3' h='5'/>"),
            Condition::UndefinedCondition,
            None,
            None,
            Some("handled-count-too-high"),
        );
        check(&format!("<gone-fishing {xmlns}/>"), Condition::Unknown("gone-fishing".to_owned()), None, None, None);
        check("", Condition::UndefinedCondition, None, None, None);
    }

    #[test]
    fn a_stream_error_of_ours_reads_back() {
        let error = StreamError { text: Some("too <much>".to_owned()), ..StreamError::new(Condition::PolicyViolation) };
        let element = error.to_element();
        assert_eq!(StreamError::parse(&testing::element(&writer::to_string(&element))), Some(error));
        assert_eq!(StreamError::parse(&Element::new("error", ns::CLIENT)), None);
    }
}
