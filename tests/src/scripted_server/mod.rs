//! A server that knows only bytes: it expects, sends, speaks TLS and cuts where a test's script says so.
//!
//! Real servers are too tolerant, and too correct, to show what a client does with a broken or hostile one. What
//! it does for a script is the login that has to come before most faults, [`login`], and a [`session`] that behaves.

pub mod login;
pub mod session;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certificate::Certificate;
use crate::process::listen;
use crate::wait::{SOON, until};

/// A listening server; each connection runs the same script in a thread of its own.
#[derive(Debug)]
pub struct ScriptedServer {
    port: u16,
    ends: Receiver<Result<(), String>>,
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

/// One client's connection, as the script sees it.
#[derive(Debug)]
pub struct Conversation {
    wire: Wire,
    heard: Vec<u8>,
    /// How many connections came before this one.
    pub number: usize,
}

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// What a script gives back: `Err` with a sentence fails the test.
pub type Outcome = Result<(), String>;

impl ScriptedServer {
    /// Listens on a port of 127.0.0.1 and runs `script` with every client that connects.
    ///
    /// # Panics
    /// When it cannot listen.
    #[must_use]
    pub fn start(script: impl Fn(&mut Conversation) -> Outcome + Send + Sync + 'static) -> Self {
        let (listener, port) = listen();
        let (tell, ends) = channel();
        let (stop, stopped) = channel();
        let script = Arc::new(script);
        let thread = std::thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                if stopped.try_recv().is_ok() {
                    return;
                }
                let Ok(client) = client else { continue };
                let (script, tell) = (script.clone(), tell.clone());
                std::thread::spawn(move || {
                    client.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
                    let mut conversation = Conversation { wire: Wire::Plain(client), heard: Vec::new(), number };
                    // A test that is over no longer asks how it went.
                    let _ = tell.send(script(&mut conversation));
                });
            }
        });
        Self { port, ends, stop, thread: Some(thread) }
    }

    /// The port of 127.0.0.1 that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until the script has run to its end with one more client.
    ///
    /// # Panics
    /// When it went otherwise than the script says, or takes too long.
    #[track_caller]
    pub fn played(&self) {
        match self.ends.recv_timeout(SOON) {
            Ok(Ok(())) => {}
            Ok(Err(sentence)) => panic!("the scripted server: {sentence}"),
            Err(_) => panic!("the scripted server's script did not end within {SOON:?}"),
        }
    }

    /// Whether no client comes for so long.
    #[must_use]
    pub fn left_alone(&self, time: Duration) -> bool {
        until(time, || self.ends.try_recv().ok()).is_none()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // The thread waits for a client: this one tells it that it was the last.
        let _ = self.stop.send(());
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Conversation {
    /// Reads until `text` has come, and gives back all that came up to its end; what follows is kept.
    ///
    /// # Errors
    /// A sentence with what came instead.
    pub fn expect(&mut self, text: &str) -> Result<String, String> {
        loop {
            let found = self.heard.windows(text.len()).position(|part| part == text.as_bytes());
            if let Some(at) = found {
                let taken: Vec<u8> = self.heard.drain(..at + text.len()).collect();
                return Ok(String::from_utf8_lossy(&taken).into_owned());
            }
            if !self.read().map_err(|error| self.instead(text, &error.to_string()))? {
                return Err(self.instead(text, "the client ended the connection"));
            }
        }
    }

    /// Reads one more piece of what the client sends and gives back all that has not been expected yet.
    ///
    /// # Errors
    /// A sentence when the connection breaks; an orderly end is no error.
    pub fn heard(&mut self) -> Result<String, String> {
        self.read().map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&self.heard).into_owned())
    }

    /// Reads to the end of the connection and gives back all that came.
    ///
    /// # Errors
    /// A sentence when the client does not end it.
    pub fn rest(&mut self) -> Result<String, String> {
        loop {
            match self.read() {
                Ok(true) => {}
                // A client that cuts has ended it as well.
                Ok(false) => break,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
                Err(error) => return Err(self.instead("the end", &error.to_string())),
            }
        }
        Ok(String::from_utf8_lossy(&std::mem::take(&mut self.heard)).into_owned())
    }

    /// Sends these bytes, whatever they are.
    ///
    /// # Errors
    /// A sentence when the connection is broken.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Outcome {
        let bytes = bytes.as_ref();
        let sent = match &mut self.wire {
            Wire::Plain(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Wire::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        };
        sent.map_err(|error| format!("could not send {:?}: {error}", String::from_utf8_lossy(bytes)))
    }

    /// Goes on in TLS, as the server, with this certificate; ALPN is not answered.
    ///
    /// # Errors
    /// A sentence when the client refuses, which is what some scripts want.
    pub fn secure(&mut self, certificate: &Certificate) -> Outcome {
        let Wire::Plain(stream) = &self.wire else {
            return Err("it is TLS already".to_owned());
        };
        let mut stream = stream.try_clone().map_err(|error| error.to_string())?;
        let mut session =
            ServerConnection::new(Arc::new(configuration(certificate))).map_err(|error| error.to_string())?;
        while session.is_handshaking() {
            session.complete_io(&mut stream).map_err(|error| format!("no TLS: {error}"))?;
        }
        self.wire = Wire::Tls(Box::new(StreamOwned::new(session, stream)));
        Ok(())
    }

    /// Breaks the connection with a reset.
    ///
    /// # Errors
    /// A sentence when the system refuses.
    pub fn cut(&mut self) -> Outcome {
        let linger = rustix::net::sockopt::set_socket_linger(self.stream(), Some(Duration::ZERO));
        linger.map_err(|error| error.to_string())
    }

    /// Ends the connection without a word of XML or TLS.
    ///
    /// # Errors
    /// A sentence when it is broken already.
    pub fn finish(&mut self) -> Outcome {
        self.stream().shutdown(std::net::Shutdown::Both).map_err(|error| error.to_string())
    }

    fn stream(&self) -> &TcpStream {
        match &self.wire {
            Wire::Plain(stream) => stream,
            Wire::Tls(stream) => &stream.sock,
        }
    }

    /// Whether anything came before the end.
    fn read(&mut self) -> std::io::Result<bool> {
        let mut buffer = [0; 4096];
        let count = match &mut self.wire {
            Wire::Plain(stream) => stream.read(&mut buffer)?,
            Wire::Tls(stream) => match stream.read(&mut buffer) {
                // An end without close_notify is how clients that cut look in TLS.
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => 0,
                other => other?,
            },
        };
        self.heard.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }

    fn instead(&self, wanted: &str, why: &str) -> String {
        format!("expected {wanted:?}, but {why}; heard {:?}", String::from_utf8_lossy(&self.heard))
    }
}

fn configuration(certificate: &Certificate) -> ServerConfig {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.chain.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).expect("the key is PEM");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the versions")
        .with_no_client_auth()
        .with_single_cert(chain.expect("the chain is PEM"), key)
        .expect("the key is the certificate's")
}
