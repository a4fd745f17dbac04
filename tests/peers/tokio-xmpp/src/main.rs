//! Comes online with tokio-xmpp over direct TLS and shows a presence: `peer-tokio-xmpp JID ADDRESS STATUS`, the password
//! on the first line of standard input. It stays until its input ends.

use std::str::FromStr;

use futures::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::jid::BareJid;
use tokio_xmpp::parsers::presence::{Presence, Type};
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Client, rustls};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().expect("nobody was first");
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [jid, address, status] = words.as_slice() else { panic!("JID ADDRESS STATUS") };
    let mut input = BufReader::new(tokio::io::stdin());
    let mut password = String::new();
    input.read_line(&mut password).await.expect("a password");
    let jid = BareJid::from_str(jid).expect("a JID");
    let password = password.trim_end_matches('\n');
    let mut client =
        Client::new_direct_tls_with_config(jid, password, DnsConfig::addr(address), Timeouts::default());
    let mut rest = Vec::new();
    loop {
        tokio::select! {
            event = client.next() => {
                let Some(event) = event else { panic!("the stream ended") };
                if event.is_online() {
                    let mut presence = Presence::new(Type::None);
                    presence.set_status(String::new(), status.clone());
                    client.send_stanza(presence.into()).await.expect("it is online");
                }
            }
            _ = input.read_to_end(&mut rest) => return,
        }
    }
}
