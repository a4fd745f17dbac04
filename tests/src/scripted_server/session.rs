//! A session that a scripted server can carry by itself: it logs a person in, acknowledges every stanza, and answers
//! what the script does not want to.
//!
//! It parses nothing: a stanza ends with its end tag, as the client's do that are not empty.

use super::{Conversation, Outcome};
use crate::certificate::Certificate;
use crate::server::people::Person;

/// What a script does with a stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The usual: a question gets an empty result.
    Usual,
    /// This is the answer.
    Say(String),
    /// This is the end of the stream.
    End(String),
}

impl Conversation {
    /// Logs `person` in over STARTTLS and hands each stanza to `turn` until the client or the script ends the stream.
    ///
    /// # Errors
    /// A sentence when the client does otherwise.
    pub fn session(
        &mut self,
        certificate: &Certificate,
        person: Person,
        mut turn: impl FnMut(&str) -> Turn,
    ) -> Outcome {
        self.starttls(certificate)?;
        self.log_in(person)?;
        self.expect("<enable")?;
        self.expect(">")?;
        self.send("<enabled xmlns='urn:xmpp:sm:3'/>")?;
        let (mut stanza, mut handled) = (String::new(), 0);
        loop {
            let tag = self.expect(">")?;
            stanza += &tag;
            if tag.starts_with("<r ") {
                self.send(format!("<a xmlns='urn:xmpp:sm:3' h='{handled}'/>"))?;
                stanza.clear();
            } else if tag.ends_with("</stream:stream>") {
                return self.rest().map(drop);
            } else if is_whole(&stanza) {
                handled += 1;
                match turn(&stanza) {
                    Turn::Usual if stanza.starts_with("<iq ") => {
                        self.send(format!("<iq type='result' id='{}'/>", id(&stanza)))?;
                    }
                    Turn::Usual => {}
                    Turn::Say(answer) => self.send(answer)?,
                    Turn::End(error) => {
                        self.send(error)?;
                        return self.rest().map(drop);
                    }
                }
                stanza.clear();
            }
        }
    }
}

/// The id of a stanza, empty when it has none.
#[must_use]
pub fn id(stanza: &str) -> &str {
    stanza.split_once(" id='").and_then(|(_, rest)| rest.split_once('\'')).map_or("", |(id, _)| id)
}

fn is_whole(stanza: &str) -> bool {
    let name = stanza.trim_start_matches('<').split([' ', '>', '/']).next().unwrap_or_default();
    stanza.ends_with(&format!("</{name}>")) || stanza.ends_with("/>") && stanza.matches('<').count() == 1
}
