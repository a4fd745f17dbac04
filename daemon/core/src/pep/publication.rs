//! One item on its way to a node of ours: published on the condition that nobody but those who see our presence may read
//! the node. One that others may read is deleted with all who subscribed, and made anew, once.

use super::{Node, Support};
use crate::stanza::{StanzaError, pubsub};
use crate::xml::Element;

/// Who may read the node: those who see our presence.
const ACCESS: (&str, &str) = ("pubsub#access_model", "presence");

/// A publication under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    node: Node,
    id: String,
    payload: Element,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Our account is asked what it can do.
    Asking,
    Publishing {
        remade: bool,
    },
    Deleting,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask our own account this, then hand in the answer.
    Get(Element),
    /// Tell our own account this, then hand in the answer.
    Set(Element),
    /// The server has it.
    Done,
    /// It does not have it, and will not.
    Failed(Failed),
}

/// Why nothing was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The server would not.
    Refused(StanzaError),
    /// Strangers may read the node, and the server would not have that changed.
    Open(StanzaError),
    /// The server cannot; why, for people.
    Unsupported(&'static str),
}

impl Publication {
    /// An item, and the id that it gets. Other items of the node go.
    pub fn new(node: Node, id: &str, payload: Element) -> Self {
        Self { node, id: id.to_owned(), payload, step: Step::Publishing { remade: false } }
    }

    /// The first thing to do.
    pub fn begin(&mut self, support: Support) -> Next {
        match support {
            Support::Options => self.publish(false),
            Support::Missing(reason) => Next::Failed(Failed::Unsupported(reason)),
            Support::Unknown => {
                self.step = Step::Asking;
                Next::Get(Support::question())
            }
        }
    }

    /// Takes the answer to what was asked or told last.
    pub fn answered(&mut self, answer: Result<Option<&Element>, &StanzaError>) -> Next {
        match (self.step, answer) {
            (Step::Asking, answer) => self.begin(Support::told(answer)),
            (Step::Publishing { .. }, Ok(_)) => Next::Done,
            (Step::Publishing { remade: false }, Err(error)) if pubsub::is_precondition_not_met(error) => {
                // The node is from before, and not as it must be. To configure it would not do: ejabberd goes on
                // telling strangers who subscribed while it was open. The next publish makes it anew.
                self.step = Step::Deleting;
                Next::Set(pubsub::deletion(self.node.name()))
            }
            (Step::Publishing { .. }, Err(error)) => Next::Failed(Failed::Refused(error.clone())),
            (Step::Deleting, Ok(_)) => self.publish(true),
            (Step::Deleting, Err(error)) => Next::Failed(Failed::Open(error.clone())),
        }
    }

    fn publish(&mut self, remade: bool) -> Next {
        self.step = Step::Publishing { remade };
        Next::Set(pubsub::publish(self.node.name(), &self.id, self.payload.clone(), &[ACCESS]))
    }
}
