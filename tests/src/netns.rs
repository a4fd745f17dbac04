//! A network and mount namespace with its own names: a resolv.conf, and a dnsmasq that answers with SRV records.
//!
//! Nothing in it reaches the machine's network; single ports of the machine's loopback are let in one by one.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};
use crate::wait::{SOON, eventually};

/// A namespace; what runs in it ends with the value that started it, the namespace with this one.
#[derive(Debug)]
pub struct Netns {
    helpers: Vec<Process>,
    holder: Process,
    names: Option<Process>,
    folder: Folder,
}

/// One SRV record of RFC 2782.
#[derive(Clone, Copy, Debug)]
pub struct Srv<'a> {
    /// `_xmpp-client._tcp.verona.example` or `_xmpps-client._tcp.verona.example`.
    pub service: &'a str,
    /// The host that serves it; empty for `.`: not offered.
    pub target: &'a str,
    /// Its port.
    pub port: u16,
    /// The lower, the sooner.
    pub priority: u16,
    /// The share among those of one priority.
    pub weight: u16,
}

/// What the namespace's resolver knows; everything else does not exist.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// Services.
    pub services: &'a [Srv<'a>],
    /// Host names with their addresses.
    pub hosts: &'a [(&'a str, Ipv4Addr)],
}

impl Netns {
    /// Makes one whose loopback is up and whose resolver knows these names.
    ///
    /// # Errors
    /// `Missing` when dnsmasq, ip or socat is not installed, or the machine allows no namespaces.
    pub fn start(names: Names<'_>) -> Result<Self, Missing> {
        for name in ["dnsmasq", "ip", "socat", "unshare", "nsenter"] {
            program(name)?;
        }
        let folder = Folder::new("netns");
        let resolver = folder.write("resolv.conf", "nameserver 127.0.0.1\n");
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        clean(&mut command).args(["--net", "--mount", "--", "sh", "-euc", ENTER, "enter"]).arg(resolver);
        let mut holder = Process::start_piped("namespace", command, &folder.join("log"));
        let mut line = String::new();
        let output = holder.output().expect("the program is piped");
        if BufReader::new(output).read_line(&mut line).is_err() || line.trim() != "ready" {
            return Err(Missing(format!("a network namespace ({})", holder.log().trim())));
        }
        let mut namespace = Self { helpers: Vec::new(), holder, names: None, folder };
        namespace.rename(names);
        Ok(namespace)
    }

    /// Replaces what the resolver knows.
    pub fn rename(&mut self, names: Names<'_>) {
        self.names = None;
        let mut configuration = String::from(
            "no-resolv\nno-hosts\nno-daemon\nlisten-address=127.0.0.1\nbind-interfaces\nlog-queries\n\
             local=/#/\nuser=\npid-file=\n",
        );
        for srv in names.services {
            let Srv { service, target, port, priority, weight } = srv;
            // dnsmasq writes the root for an empty target, as RFC 2782 wants it for "not offered".
            let line = if target.is_empty() {
                format!("srv-host={service}\n")
            } else {
                format!("srv-host={service},{target},{port},{priority},{weight}\n")
            };
            configuration.push_str(&line);
        }
        for (name, address) in names.hosts {
            configuration.push_str(&format!("host-record={name},{address}\n"));
        }
        let file = self.folder.write("dnsmasq.conf", &configuration);
        let log = self.folder.join("dnsmasq.log");
        let mut command = self.command("dnsmasq");
        command.arg("--keep-in-foreground").arg(format!("--conf-file={}", file.display()));
        let begun = std::fs::read_to_string(&log).unwrap_or_default().len();
        let mut resolver = Process::start("dnsmasq", command, &log);
        eventually("dnsmasq answers", SOON, || {
            let ended = resolver.ended();
            assert!(ended.is_none(), "dnsmasq: {}", resolver.log());
            resolver.log().get(begun..).is_some_and(|log| log.contains("started, version")).then_some(())
        });
        self.names = Some(resolver);
    }

    /// Takes the resolver away: questions get no answer but "port unreachable".
    pub fn silence_resolver(&mut self) {
        self.names = None;
    }

    /// What the resolver was asked so far, a line each as dnsmasq logs it.
    #[must_use]
    pub fn questions(&self) -> String {
        std::fs::read_to_string(self.folder.join("dnsmasq.log")).unwrap_or_default()
    }

    /// Lets `inside` (an address of the namespace: 127.0.0.0/8) lead to a port of the machine's 127.0.0.1.
    pub fn expose(&mut self, inside: SocketAddr, outside: u16) {
        let door = self.folder.join(&format!("{}", inside.port()));
        let log = self.folder.join("log");
        let mut near = Command::new("socat");
        clean(&mut near)
            .arg(format!("UNIX-LISTEN:{},fork", door.display()))
            .arg(format!("TCP4:127.0.0.1:{outside},nodelay"));
        self.helpers.push(Process::start("socat outside", near, &log));
        let mut far = self.command("socat");
        far.arg(format!("TCP4-LISTEN:{},bind={},fork,reuseaddr,nodelay", inside.port(), inside.ip()))
            .arg(format!("UNIX-CONNECT:{}", door.display()));
        self.helpers.push(Process::start("socat inside", far, &log));
        let listening = format!("{inside}");
        eventually("the namespace's port is open", SOON, || {
            let mut command = self.command("ss");
            let output = command.args(["-Htln"]).output().ok()?;
            (door.exists() && String::from_utf8_lossy(&output.stdout).contains(&listening)).then_some(())
        });
    }

    /// Takes the network down or up again: down, nothing can be reached and nothing is sent.
    pub fn network(&self, up: bool) {
        let mut command = self.command("ip");
        let status = command.args(["link", "set", "lo", if up { "up" } else { "down" }]).status();
        assert!(status.is_ok_and(|status| status.success()), "ip link set lo");
    }

    /// A command that runs `program` inside.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let prefix = self.prefix();
        let (first, rest) = prefix.split_first().expect("nsenter comes first");
        let mut command = Command::new(first);
        clean(&mut command).args(rest).arg(program);
        command
    }

    /// The words before a command that make it run inside, in the root folder.
    #[must_use]
    pub fn prefix(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), format!("--target={}", self.holder.id())];
        if !rustix::process::geteuid().is_root() {
            words.extend(["--user", "--preserve-credentials"].map(str::to_owned));
        }
        words.extend(["--net", "--mount", "--root", "--wdns=/", "--"].map(str::to_owned));
        words
    }
}

/// Sets the namespace up, says so, and stays until standard input ends.
///
/// The address that is not loopback is for the C library, which looks up no IPv4 address where it sees none.
const ENTER: &str = r#"
ip link set lo up
ip address add 192.0.2.1/24 dev lo
mount --bind "$1" "$(readlink -f /etc/resolv.conf)"
echo ready
exec cat
"#;
