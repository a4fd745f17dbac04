//! Romeo's account as a configuration file: what the tests add comes behind it.

use std::path::Path;

use crate::server::people::ROMEO;
use crate::server::{Server, Tls};

/// `[[account]] name = "home"` for romeo on a server, with his right password from a command.
#[must_use]
pub fn romeo(server: &Server, tls: Tls) -> String {
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    romeo_at((server.port(tls), tls), &server.authority_file(), &password)
}

/// The same at a port of 127.0.0.1, trusting one authority; `password` is the line that says where it comes from.
#[must_use]
pub fn romeo_at(at: (u16, Tls), authority: &Path, password: &str) -> String {
    let (port, tls) = at;
    format!("{}server = \"127.0.0.1:{port}\"\n", romeo_by_name(tls_word(tls), authority, password))
}

/// The same with the server to be looked up; `tls` is the word of the configuration.
#[must_use]
pub fn romeo_by_name(tls: &str, authority: &Path, password: &str) -> String {
    let jid = ROMEO.jid();
    format!("[[account]]\nname = \"home\"\njid = \"{jid}\"\n{password}\ntls = \"{tls}\"\nca-file = {authority:?}\n")
}

fn tls_word(tls: Tls) -> &'static str {
    match tls {
        Tls::Starttls => "starttls",
        Tls::Direct => "direct",
    }
}
