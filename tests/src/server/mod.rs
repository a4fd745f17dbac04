//! Real servers on private loopback ports: Prosody 0.12, Prosody 13 and ejabberd, each with its own folder, accounts
//! and certificate.
//!
//! Where a program is found is [`place`]'s business; what each is told is [`prosody`]'s and [`ejabberd`]'s.

mod ejabberd;
pub mod people;
mod place;
mod prosody;

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::certificate::{Authority, Flaw};
use crate::missing::Missing;
use crate::process::{Folder, Process, free_port};
use crate::wait;
use place::Place;

/// Where the rooms of each server are; everybody may make one, and each has an archive.
pub const ROOMS: &str = "rooms.verona.example";
/// The largest file that a server takes which takes files.
pub const MAX_FILE: u64 = 2 << 20;

/// ejabberd takes 3 s on an idle machine, and many times that while others build.
const START: Duration = Duration::from_secs(60);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Prosody 0.12 of Debian 12: classic SASL with SCRAM-SHA-1 and PLAIN only.
    Prosody12,
    /// Prosody 13 of Debian 13 with SASL2, Bind 2, FAST, inline resumption and XEP-0474.
    Prosody13,
    /// ejabberd 24.12 of Debian 13 with SASL2, Bind 2, FAST; it stores SCRAM-SHA-256.
    Ejabberd,
}

impl Kind {
    /// All of them, for tests that run on each.
    pub const ALL: [Self; 3] = [Self::Prosody12, Self::Prosody13, Self::Ejabberd];

    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prosody12 => "Prosody 0.12",
            Self::Prosody13 => "Prosody 13",
            Self::Ejabberd => "ejabberd",
        }
    }
}

/// How a client's connection becomes secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// In the stream: RFC 6120 section 5.
    Starttls,
    /// From the first byte: XEP-0368.
    Direct,
}

impl Tls {
    /// Both of them, for tests that run over each.
    pub const BOTH: [Self; 2] = [Self::Starttls, Self::Direct];
}

/// What a server archives of its people's messages (XEP-0313), and says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// All of them.
    Kept,
    /// There is no archive.
    Absent,
    /// It says that it is complete, and that there is nothing in it.
    Hidden,
}

/// A running server for `verona.example` with the accounts of [`people`]; gone with the value.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    setup: Setup,
    place: Place,
    authority: Authority,
    started_in: Duration,
    process: Option<Process>,
    // The last field: the folder goes when nothing runs in it any more.
    folder: Folder,
}

/// What a server's configuration is made of; its paths are as the server itself sees them.
#[derive(Debug)]
struct Setup {
    starttls: u16,
    direct: u16,
    folder: PathBuf,
    /// Where it takes files over HTTPS, if it does.
    web: Option<u16>,
    /// Of Prosody: whether it loads the modules for SASL2.
    sasl2: bool,
    archive: Archive,
    log: Log,
}

/// How much a server logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    /// Each stanza, for tests that read it there.
    All,
    /// That it has started, who comes and goes, and warnings.
    Little,
}

impl Server {
    /// Starts a server with a certificate that is right, and waits until it answers.
    ///
    /// # Errors
    /// `Missing` when it is not installed.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub fn start(kind: Kind) -> Result<Self, Missing> {
        Self::start_with(kind, Flaw::None)
    }

    /// Starts a server with a certificate that has the given flaw.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with(kind: Kind, flaw: Flaw) -> Result<Self, Missing> {
        Self::make(kind, flaw, kind == Kind::Prosody13, Log::All)
    }

    /// Starts a server that logs little: telling everything takes ejabberd many times as long as its work.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_quiet(kind: Kind) -> Result<Self, Missing> {
        Self::make(kind, Flaw::None, kind == Kind::Prosody13, Log::Little)
    }

    /// Starts a server that takes files of up to [`MAX_FILE`] bytes (XEP-0363).
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with_files(kind: Kind) -> Result<Self, Missing> {
        Self::make_with(kind, Flaw::None, kind == Kind::Prosody13, Log::All, Some(free_port()), Archive::Kept)
    }

    /// Starts a server with such an archive that logs little.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_archiving(kind: Kind, archive: Archive) -> Result<Self, Missing> {
        Self::make_with(kind, Flaw::None, kind == Kind::Prosody13, Log::Little, None, archive)
    }

    /// Starts a Prosody 0.12 with the SASL2 modules that Debian 12 packages for it: they fail inside it, and no
    /// features ever come.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with_broken_sasl2() -> Result<Self, Missing> {
        Self::make(Kind::Prosody12, Flaw::None, true, Log::All)
    }

    fn make(kind: Kind, flaw: Flaw, sasl2: bool, log: Log) -> Result<Self, Missing> {
        Self::make_with(kind, flaw, sasl2, log, None, Archive::Kept)
    }

    fn make_with(
        kind: Kind,
        flaw: Flaw,
        sasl2: bool,
        log: Log,
        web: Option<u16>,
        archive: Archive,
    ) -> Result<Self, Missing> {
        let place = Place::of(kind)?;
        let folder = Folder::new("server");
        let authority = Authority::new();
        let inside = place.inside(folder.path());
        let setup = Setup { starttls: free_port(), direct: free_port(), folder: inside, web, sasl2, archive, log };
        let certificate = authority.issue(flaw);
        folder.write("authority.pem", &authority.pem());
        folder.write("certificate.pem", &certificate.chain);
        folder.write("key.pem", &certificate.key);
        if web.is_some() {
            let certificate = authority.issue_for_web();
            folder.write("web.pem", &certificate.chain);
            folder.write("web-key.pem", &certificate.key);
        }
        match kind {
            Kind::Prosody12 | Kind::Prosody13 => prosody::write(&setup, &folder),
            Kind::Ejabberd => ejabberd::write(&setup, &folder),
        }
        let mut server = Self { kind, setup, place, authority, started_in: Duration::ZERO, process: None, folder };
        server.restart();
        Ok(server)
    }

    /// Which one it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The port of 127.0.0.1 for this kind of connection; the same after a restart.
    #[must_use]
    pub fn port(&self, tls: Tls) -> u16 {
        match tls {
            Tls::Starttls => self.setup.starttls,
            Tls::Direct => self.setup.direct,
        }
    }

    /// The file with the authority's certificate, for a client's `ca-file`.
    #[must_use]
    pub fn authority_file(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The authority, to issue certificates for other parts of the same test.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// All that the server has logged since its first start.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// How long the last start took until both ports answered.
    #[must_use]
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Stops it the polite way, by SIGTERM: clients are told. The data stays.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.stop();
        }
    }

    /// Kills it: clients see a broken connection. The data stays.
    pub fn crash(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same ports with the same data; a running one is stopped before.
    pub fn restart(&mut self) {
        self.stop();
        let begun = Instant::now();
        let before = self.log().len();
        let command = match self.kind {
            Kind::Prosody12 | Kind::Prosody13 => prosody::command(&self.place, &self.setup, self.folder.path()),
            Kind::Ejabberd => ejabberd::command(&self.place, &self.setup, self.folder.path()),
        };
        let mut process = Process::start(self.kind.name(), command, &self.folder.join("log"));
        let ready = wait::until(START, || {
            let log = self.log();
            if process.ended().is_some() {
                return Some(false);
            }
            let told = match self.kind {
                Kind::Prosody12 | Kind::Prosody13 => true,
                Kind::Ejabberd => log.get(before..).is_some_and(|new| new.contains(ejabberd::READY)),
            };
            let ports = Tls::BOTH.iter().map(|tls| self.port(*tls)).chain(self.setup.web);
            (told && ports.into_iter().all(answers)).then_some(true)
        });
        // Dropping `process` in the panic shows the end of its log.
        assert!(ready == Some(true), "{} does not start", self.kind.name());
        self.process = Some(process);
        self.started_in = begun.elapsed();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that is over has no use for goodbyes.
        if let Some(process) = self.process.take() {
            drop(process.with_grace(Duration::ZERO));
        }
    }
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
