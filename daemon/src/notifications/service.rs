//! One notification at a time, told to whoever has the name `org.freedesktop.Notifications`: who that is, what it can,
//! and which of its notifications are ours. The words are the core's, the pace is [`super`]'s.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use xmppd_core::notices::{Abilities, Contact, Notice};
use zbus::message::Message;
use zbus::{Connection, Variant};

use crate::bus::{self, Bus};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// How long the service, or the bus, may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// So many contacts' notifications are known; then all are forgotten, and the next ones stand beside the old.
const REMEMBERED: usize = 256;

/// The way to the service; connects when there is something to tell, and then stays, because desktops take away the
/// notifications of programs that have gone.
pub(super) struct Service {
    bus: Bus,
    connection: Option<Connection>,
    known: Known,
}

/// What is known of the one who has the name now.
#[derive(Default)]
struct Known {
    /// Its unique name on the bus.
    owner: String,
    abilities: Abilities,
    /// Its notifications that are ours.
    ids: BTreeMap<Contact, u32>,
}

impl Service {
    pub(super) fn new(bus: Bus) -> Self {
        Self { bus, connection: None, known: Known::default() }
    }

    /// Shows a notice, in place of the last one about the same contact.
    ///
    /// # Errors
    /// Nobody shows notifications, or does not answer; in words for a person.
    pub(super) async fn show(&mut self, notice: &Notice) -> Result<(), String> {
        // A bus may have gone since the last time; nothing listens for that.
        if let Some(connection) = self.connection.clone() {
            match self.known.show(&connection, notice).await {
                Err(zbus::Error::InputOutput(_)) => self.connection = None,
                shown => return shown.map_err(|error| words(&error)),
            }
        }
        let connection = self.bus.listen(PATIENCE).await.map_err(|error| error.to_string())?;
        self.known = Known::default();
        let shown = self.known.show(&connection, notice).await;
        self.connection = Some(connection);
        shown.map_err(|error| words(&error))
    }
}

impl Known {
    async fn show(&mut self, connection: &Connection, notice: &Notice) -> zbus::Result<()> {
        let owner = owner(connection).await?;
        if self.owner != owner {
            // Numbers of the one before would be somebody else's.
            let abilities = abilities(connection, &owner).await?;
            *self = Self { owner, abilities, ids: BTreeMap::new() };
        }
        let words = notice.words(self.abilities);
        let replaced = self.ids.get(&notice.contact).copied().unwrap_or(0);
        let hints = HashMap::from([("category", Variant::from("im.received"))]);
        let (actions, expires): (&[&str], i32) = (&[], -1);
        let body = ("xmppd", replaced, "mail-unread", words.summary, words.body, actions, hints, expires);
        let answer = call(connection, &self.owner, "Notify", &body).await?;
        if self.ids.len() >= REMEMBERED {
            self.ids.clear();
        }
        self.ids.insert(notice.contact.clone(), answer.body().deserialize()?);
        Ok(())
    }
}

/// Who shows notifications; started if that can be.
async fn owner(connection: &Connection) -> zbus::Result<String> {
    let asked = bus::ask(connection, "GetNameOwner", &NAME).await;
    let answer = match asked {
        Err(error) if bus::says_gone(&error) => {
            bus::ask(connection, "StartServiceByName", &(NAME, 0_u32)).await?;
            bus::ask(connection, "GetNameOwner", &NAME).await?
        }
        answer => answer?,
    };
    answer.body().deserialize()
}

async fn abilities(connection: &Connection, owner: &str) -> zbus::Result<Abilities> {
    let answer = call(connection, owner, "GetCapabilities", &()).await?;
    let words: Vec<String> = answer.body().deserialize()?;
    let has = |word: &str| words.iter().any(|listed| listed == word);
    Ok(Abilities { body: has("body"), markup: has("body-markup") })
}

async fn call<B>(connection: &Connection, owner: &str, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    connection.call_method(Some(owner), PATH, Some(NAME), method, body).await
}

fn words(error: &zbus::Error) -> String {
    if bus::says_gone(error) { "no program shows notifications".to_owned() } else { error.to_string() }
}
