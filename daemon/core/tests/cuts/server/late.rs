//! What a lost connection carried and the server has not handled yet, as ejabberd 24.12 goes on with it: in a process of
//! its own, whatever the next connection was told meanwhile.

use xmppd_core::xml::Frame;

use super::Server;

impl Server<'_> {
    /// There was time enough: all of it is handled, and counted.
    pub(crate) fn catch_up(&mut self) {
        let Some((late, carried)) = self.late.take() else { return };
        let link = self.link.replace(late);
        self.receive(&carried);
        self.link = link;
    }

    /// The session goes on already: it is handled, and nobody counts it.
    pub(super) fn go_on_late(&mut self) {
        let Some((mut late, carried)) = self.late.take() else { return };
        let mut bytes = &carried[..];
        while let Some(frame) = late.reader.feed(&mut bytes).expect("the client writes XML") {
            let Frame::Element(element) = frame else { continue };
            if element.name() == "message" {
                self.message(&element);
            }
        }
    }
}
