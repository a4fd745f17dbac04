//! One account's object, `org.xmppctl.Account1`, and the path it has.

use tokio::sync::watch;
use zbus::{Connection, ObjectPath, interface, message::Header};

use super::{
    PATH,
    caller::Owner,
    refusal::Refusal,
    view::{self, AccountView, View},
};

/// The interface's name.
pub(super) const INTERFACE: &str = "org.xmppctl.Account1";

/// An account on the bus; it only shows.
pub(super) struct Account {
    name: String,
    view: watch::Receiver<View>,
    owner: Owner,
}

impl Account {
    /// The object of the account of this name.
    pub(super) fn new(name: &str, view: watch::Receiver<View>, owner: Owner) -> Self {
        Self { name: name.to_owned(), view, owner }
    }

    async fn shown(&self, connection: &Connection, header: Option<Header<'_>>) -> Result<AccountView, Refusal> {
        if let Some(header) = header {
            self.owner.admit(connection, &header).await?;
        }
        Ok(self.view.borrow().accounts.get(&self.name).cloned().unwrap_or_default())
    }
}

/// Where the account of this name is: `…/account/<name>`, every byte but letters and digits written as `_xx`.
pub(super) fn path(name: &str) -> ObjectPath<'static> {
    let mut path = format!("{PATH}/account/");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("_{byte:02x}"));
        }
    }
    if name.is_empty() {
        path.push('_');
    }
    ObjectPath::try_from(path).expect("letters, digits and underlines make a path")
}

#[interface(name = "org.xmppctl.Account1")]
impl Account {
    /// The name it has in the configuration.
    #[zbus(property(emits_changed_signal = "const"))]
    async fn name(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<String, Refusal> {
        self.shown(connection, header).await.map(|_| self.name.clone())
    }

    /// The bare JID, or the full one while it is bound.
    #[zbus(property)]
    async fn jid(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<String, Refusal> {
        self.shown(connection, header).await.map(|shown| shown.jid)
    }

    /// Whether the configuration switches it on.
    #[zbus(property)]
    async fn enabled(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<bool, Refusal> {
        self.shown(connection, header).await.map(|shown| shown.enabled)
    }

    /// offline, connecting, online, retrying, needs-secret or stopped.
    #[zbus(property)]
    async fn state(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<&'static str, Refusal> {
        self.shown(connection, header).await.map(|shown| view::word(shown.state))
    }

    /// Why it is not online; empty without a reason.
    #[zbus(property)]
    async fn error(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<String, Refusal> {
        self.shown(connection, header).await.map(|shown| shown.error)
    }

    /// What its contacts are told: online, chat, away, xa, dnd, offline or invisible.
    #[zbus(property)]
    async fn show(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<&'static str, Refusal> {
        self.shown(connection, header).await.map(|shown| shown.show.as_str())
    }

    /// The text beside it; empty without one.
    #[zbus(property)]
    async fn status(
        &self,
        #[zbus(connection)] connection: &Connection,
        #[zbus(header)] header: Option<Header<'_>>,
    ) -> Result<String, Refusal> {
        self.shown(connection, header).await.map(|shown| shown.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_path_and_no_two_share_one() {
        let check = |name: &str, end: &str| assert_eq!(path(name).as_str(), format!("{PATH}/account/{end}"));
        check("home", "home");
        check("romeo@verona.example", "romeo_40verona_2eexample");
        check("a_b", "a_5fb");
        check("münchen", "m_c3_bcnchen");
        check("", "_");
    }
}
