//! Who calls: only our own user is answered. Which of that user's programs may do what is not told apart here.

use zbus::{Connection, message::Header};

use super::refusal::Refusal;
use crate::bus;

/// The user whose calls are answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    /// The user's number.
    pub(super) uid: u32,
}

impl Owner {
    /// Lets a call of this user pass; the bus says whose it is.
    ///
    /// # Errors
    /// A call of another user, or of nobody the bus knows.
    pub(super) async fn admit(self, connection: &Connection, header: &Header<'_>) -> Result<(), Refusal> {
        let foreign = || Refusal::policy("only programs of the user who runs xmppd are answered");
        let sender = header.sender().ok_or_else(foreign)?;
        let reply = bus::ask(connection, "GetConnectionUnixUser", sender).await.map_err(|_| foreign())?;
        match reply.body().deserialize::<u32>() {
            Ok(uid) if uid == self.uid => Ok(()),
            Ok(_) | Err(_) => Err(foreign()),
        }
    }
}
