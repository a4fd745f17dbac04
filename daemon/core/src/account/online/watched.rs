//! Whether anybody looks at what comes in (XEP-0352): a server that knows may hold back what can wait. Every new stream
//! begins with somebody looking.

use super::super::context::Context;
use super::Online;
use crate::xml::{Element, ns};

/// What the server wants to know, and what it was told.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct ClientState {
    offered: bool,
    told: bool,
}

impl Default for ClientState {
    fn default() -> Self {
        Self { offered: false, told: true }
    }
}

impl ClientState {
    /// A stream whose server offers to be told.
    pub(in super::super) fn offered(offered: bool) -> Self {
        Self { offered, told: true }
    }

    /// A session that began with this.
    pub(in super::super) fn begun(watched: bool) -> Self {
        Self { offered: true, told: watched }
    }

    /// A new stream goes on with the session.
    pub(super) fn on_new_stream(self) -> Self {
        Self { told: true, ..self }
    }
}

/// That nobody looks.
pub(in super::super) fn inactive() -> Element {
    Element::new("inactive", ns::CSI)
}

impl Online {
    /// The server offers to be told.
    pub(super) fn client_state_offered(&mut self, context: &mut Context) {
        self.client_state.offered = true;
        self.tell_watched(context);
    }

    /// Tells the server whether anybody looks, if it does not know.
    pub(super) fn tell_watched(&mut self, context: &mut Context) {
        let ClientState { offered, told } = self.client_state;
        if !offered || told == context.watched || self.leaving.is_some() {
            return;
        }
        self.client_state.told = context.watched;
        context.write_element(&if context.watched { Element::new("active", ns::CSI) } else { inactive() });
    }
}
