//! A real browser: headless Chromium with a profile of its own, and a site on the loopback that it is shown.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::bus::Bus;
use crate::missing::{Missing, program};
use crate::process::{Folder, Process, clean};

/// A running Chromium; gone with the value.
#[derive(Debug)]
pub struct Browser {
    _process: Process,
    // The last field: the profile goes when nothing uses it any more.
    _folder: Folder,
}

impl Browser {
    /// Shows it the page at this address; `rules` say where names lead (`MAP name address`).
    ///
    /// # Errors
    /// `Missing` when Chromium is not installed.
    pub fn open(address: &str, rules: &str, bus: Option<&Bus>) -> Result<Self, Missing> {
        Self::start(address, rules, bus, &[])
    }

    /// Shows it in a private window.
    ///
    /// # Errors
    /// `Missing` when Chromium is not installed.
    pub fn open_in_private(address: &str, bus: &Bus) -> Result<Self, Missing> {
        Self::start(address, "", Some(bus), &["--incognito"])
    }

    fn start(address: &str, rules: &str, bus: Option<&Bus>, more: &[&str]) -> Result<Self, Missing> {
        let chromium = program("chromium")?;
        let folder = Folder::new("chromium");
        let mut command = Command::new(chromium);
        clean(&mut command).env("HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path());
        if let Some(bus) = bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", bus.address());
        }
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--mute-audio"])
            .args(["--autoplay-policy=no-user-gesture-required"])
            .args(more)
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .arg(format!("--host-resolver-rules={rules}"))
            .arg(address);
        let process = Process::start("chromium", command, &folder.join("log"));
        Ok(Self { _process: process, _folder: folder })
    }
}

/// A site that shows one page, whatever is asked for, and hears what is posted to it.
#[derive(Debug)]
pub struct Site {
    port: u16,
    told: Mutex<Receiver<String>>,
    closing: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

impl Site {
    /// Shows this page at a port of 127.0.0.1, zero for any; every other page may read its answers.
    ///
    /// # Panics
    /// When the port is taken.
    #[must_use]
    pub fn show(port: u16, page: impl Fn(u16) -> String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let (tell, told) = channel();
        let closing = Arc::new(AtomicBool::new(false));
        let (page, ends) = (page(port), closing.clone());
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(stream) = stream {
                    // A browser opens connections ahead of need; they must not hold up those it uses.
                    let (page, tell) = (page.clone(), tell.clone());
                    std::thread::spawn(move || drop(serve(stream, &page, &tell)));
                }
            }
        });
        Self { port, told: Mutex::new(told), closing, serving: Some(serving) }
    }

    /// Where it is.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The next thing that was posted to it.
    ///
    /// # Panics
    /// When nothing is `within` the time.
    #[track_caller]
    pub fn told(&self, within: Duration) -> String {
        let told = self.told.lock().expect("no reader has panicked");
        told.recv_timeout(within).expect("the page tells in time")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // Whoever waits for a connection gets one.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

fn serve(mut stream: TcpStream, page: &str, tell: &Sender<String>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut piece)?;
        request.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0_usize) {
                break (head.to_owned(), body.to_owned());
            }
        }
        if count == 0 {
            return Ok(());
        }
    };
    let content = if head.starts_with("POST ") { "" } else { page };
    if head.starts_with("POST ") {
        let _ = tell.send(body);
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n{content}",
        content.len()
    )
}
