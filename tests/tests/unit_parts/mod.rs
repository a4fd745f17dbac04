//! A user manager with the project's own units and programs in a home folder, as `systemd/install` leaves them.

use std::path::{Path, PathBuf};

use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::user_manager::{HOME, UserManager};
use xmppd_tests::verona::Verona;

/// The manager, the server, and Juliet.
pub struct Stage {
    /// The user manager.
    pub manager: UserManager,
    /// The server with Juliet.
    pub verona: Verona,
}

/// Where the units are.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../systemd"))
}

impl Stage {
    /// Everything installed and nothing started.
    pub fn start(test: &str) -> Option<Self> {
        let verona = present(test, Verona::start())?;
        let manager = present(test, UserManager::start())?;
        // There is no journal here.
        let output = format!("[Service]\nStandardOutput=append:{HOME}/daemon.log\nStandardError=inherit\n");
        manager.unit("xmppd.service.d/output.conf", &output);
        let authority = std::fs::read_to_string(verona.server.authority_file()).expect("the authority is there");
        manager.home().write("authority.pem", &authority);
        manager.home().write("romeo.password", ROMEO.password);
        let stage = Self { manager, verona };
        stage.configure("");
        stage.checkout();
        let (said, code) = stage.shell("systemd/install");
        assert_eq!(code, Some(0), "{said}");
        // The bus looks for activation files when it starts, which may have been before this one was there.
        let bus = "org.freedesktop.DBus";
        let (said, code) = stage.manager.run("busctl", &["--user", "call", bus, "/", bus, "ReloadConfig"]);
        assert_eq!(code, Some(0), "{said}");
        Some(stage)
    }

    /// The part of the tree that `systemd/install` looks at, with the programs as they are built already.
    fn checkout(&self) {
        let tree = self.manager.home().join("tree");
        let copy = |from: &Path, to: &str| {
            let to = tree.join(to);
            std::fs::create_dir_all(to.parent().expect("it is in a folder")).expect("a folder can be made");
            std::fs::copy(from, to).expect("a file can be copied");
        };
        for name in ["install", "xmppd.service", "xmppd.socket", "org.xmppctl.Daemon1.service"] {
            copy(&folder().join(name), &format!("systemd/{name}"));
        }
        for program in Home::new("").expect("the programs are built").programs() {
            let name = program.file_name().expect("a program has a name");
            copy(program, &format!("target/release/{}", name.display()));
        }
        // It stands for a build that would take longer than all the tests, and holds the words.
        copy(Path::new("/bin/true"), "bin/cargo");
        let cargo = "#!/bin/sh\n[ \"$*\" = \"build --release --locked\" ]\n";
        std::fs::write(tree.join("bin/cargo"), cargo).expect("a copy can be overwritten");
    }

    /// Runs a line of README.md as the user, in the folder of the tree; what it printed, and its exit code.
    pub fn shell(&self, line: &str) -> (String, Option<i32>) {
        let path = format!("PATH={HOME}/tree/bin:{HOME}/.local/bin:/usr/local/bin:/usr/bin:/bin");
        self.manager.run("env", &[&path, "sh", "-euc", &format!("cd {HOME}/tree\n{line}")])
    }

    /// Writes the configuration: Romeo's account with further lines, its password read from the home folder.
    pub fn configure(&self, further: &str) {
        self.configure_with("password-command = [\"sh\", \"-c\", \"cat \\\"$HOME/romeo.password\\\"\"]", further);
    }

    /// The same with the line that says where the password comes from.
    pub fn configure_with(&self, password: &str, further: &str) {
        let (jid, port) = (ROMEO.jid(), self.verona.server.port(Tls::Starttls));
        let account = format!(
            "[[account]]\nname = \"home\"\njid = {jid:?}\n{password}\nserver = \"127.0.0.1:{port}\"\n\
             ca-file = \"{HOME}/authority.pem\"\n{further}\n"
        );
        self.manager.home().write(".config/xmppd/config.toml", &account);
    }

    /// Adds a drop-in to the service.
    pub fn drop_in(&self, content: &str) {
        self.manager.unit("xmppd.service.d/test.conf", content);
        self.systemctl(&["daemon-reload"]);
    }

    /// Runs `systemctl --user`, which has to succeed.
    #[track_caller]
    pub fn systemctl(&self, words: &[&str]) {
        let (said, code) = self.manager.run("systemctl", &[&["--user"], words].concat());
        assert_eq!(code, Some(0), "systemctl {words:?}: {said}\n{}", self.log());
    }

    /// One property of the service.
    pub fn show(&self, property: &str) -> String {
        let words = ["--user", "show", "--value", "--property", property, "xmppd.service"];
        self.manager.run("systemctl", &words).0.trim().to_owned()
    }

    /// Runs `xmppctl` beside the manager; what it printed, and its exit code.
    pub fn ctl(&self, words: &[&str]) -> (String, Option<i32>) {
        self.manager.run(&format!("{HOME}/.local/bin/xmppctl"), words)
    }

    /// Waits until the account has its session.
    #[track_caller]
    pub fn await_online(&self) {
        let (said, code) = self.ctl(&["wait", "online", "-t", "20s"]);
        assert_eq!(code, Some(0), "{said}\n{}", self.log());
    }

    /// What the service manager thinks of the service, and all that the daemon has said.
    pub fn log(&self) -> String {
        let status = self.manager.run("systemctl", &["--user", "status", "--no-pager", "xmppd.service"]).0;
        let said = std::fs::read_to_string(self.manager.home().join("daemon.log")).unwrap_or_default();
        format!("{status}\n{said}")
    }
}
