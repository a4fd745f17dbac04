//! The usual scene: a server, Juliet at her window, and what a configuration says of the others' accounts.

use crate::contact::Contact;
use crate::daemon::{Daemon, Home};
use crate::missing::Missing;
use crate::server::people::{JULIET, Person, ROMEO};
use crate::server::{Kind, Server, Tls};

/// A server with Juliet online; she leaves before it goes.
#[derive(Debug)]
pub struct Verona {
    /// Juliet's own client.
    pub juliet: Contact,
    /// The server.
    pub server: Server,
}

impl Verona {
    /// Starts the server of this machine's own distribution and logs Juliet in.
    ///
    /// # Errors
    /// `Missing` when one of both is not installed.
    pub fn start() -> Result<Self, Missing> {
        let server = Server::start(Kind::Prosody12)?;
        let juliet = Contact::login(&server, Tls::Direct, JULIET)?;
        Ok(Self { juliet, server })
    }

    /// An `[[account]]` table for a person, with further lines of TOML.
    #[must_use]
    pub fn account(&self, name: &str, person: Person, further: &str) -> String {
        format!(
            "[[account]]\nname = {name:?}\njid = {:?}\npassword-command = [\"printf\", \"%s\", {:?}]\n\
             server = \"127.0.0.1:{}\"\ntls = \"starttls\"\nca-file = {:?}\n{further}\n",
            person.jid(),
            person.password,
            self.server.port(Tls::Starttls),
            self.server.authority_file(),
        )
    }

    /// The configuration with Romeo's account alone, called `home`, and further lines of TOML.
    #[must_use]
    pub fn romeo(&self, further: &str) -> String {
        self.account("home", ROMEO, further)
    }

    /// Starts the daemon of a home and waits until its accounts are online and Juliet sees Romeo.
    ///
    /// # Panics
    /// When that does not happen.
    #[track_caller]
    pub fn enter(&mut self, home: &Home) -> Daemon {
        let daemon = home.start();
        let online = home.ctl(&["wait", "online", "-t", "20s"]);
        assert_eq!(online.code, 0, "{online:?}\n{}", daemon.log());
        self.juliet.wait_for_presence(&ROMEO.jid(), "romeo comes online", |presence| presence["type"] == "available");
        daemon
    }
}
