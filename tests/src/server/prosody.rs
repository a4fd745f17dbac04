//! What Prosody is told: its configuration, and its accounts and rosters as the files that it keeps itself.

use std::path::Path;
use std::process::Command;

use super::ROOMS;
use super::people::{CONTACTS, PEOPLE};
use super::place::Place;
use super::{Archive, Log, MAX_FILE, Setup};
use crate::certificate::DOMAIN;
use crate::process::Folder;

/// The modules that both versions have.
const MODULES: &str = r#""roster", "saslauth", "tls", "disco", "presence", "message", "iq", "ping", "version",
    "uptime", "time", "pep", "carbons", "smacks", "csi_simple", "blocklist", "offline", "private", "vcard4";"#;

/// What Prosody 13 can and Prosody 0.12 cannot: there they call what it does not have, and hang.
const MODULES_SASL2: &str = r#""sasl2", "sasl2_bind2", "sasl2_fast", "sasl2_sm", "sasl_ssdp";"#;

/// A module that answers in the place of the one that has the archive.
const HIDDEN_ARCHIVE: &str = r#"local st = require "util.stanza";
module:hook("iq-set/self/urn:xmpp:mam:2:query", function(event)
    local reply = st.reply(event.stanza):tag("fin", { xmlns = "urn:xmpp:mam:2", complete = "true" })
        :tag("set", { xmlns = "http://jabber.org/protocol/rsm" }):text_tag("count", "0");
    event.origin.send(reply);
    module:log("info", "the archive is hidden");
    return true;
end, 100);
"#;

/// Writes the configuration, the accounts and the rosters.
pub(super) fn write(setup: &Setup, folder: &Folder) {
    folder.write("prosody.cfg.lua", &configuration(setup));
    if setup.archive == Archive::Hidden {
        folder.write("modules/mod_hidden_archive.lua", HIDDEN_ARCHIVE);
    }
    let host = format!("data/{}", DOMAIN.replace('.', "%2e"));
    for person in PEOPLE {
        let account = format!("return {{ [\"password\"] = {} }};\n", quoted(person.password));
        folder.write(&format!("{host}/accounts/{}.dat", person.name), &account);
    }
    for (owner, contact, group) in CONTACTS {
        let roster = format!(
            "return {{ [false] = {{ [\"version\"] = 1 }}; [{}] = {{ [\"subscription\"] = \"both\"; [\"name\"] = {}; \
             [\"groups\"] = {{ [{}] = true }} }} }};\n",
            quoted(&contact.jid()),
            quoted(contact.name),
            quoted(group),
        );
        folder.write(&format!("{host}/roster/{}.dat", owner.name), &roster);
    }
}

/// The command that runs it in the foreground.
pub(super) fn command(place: &Place, setup: &Setup, folder: &Path) -> Command {
    let mut command = place.command(folder, "/usr/bin/prosody");
    command.arg("-F").arg("--config").arg(setup.folder.join("prosody.cfg.lua"));
    command
}

fn configuration(setup: &Setup) -> String {
    let extra = if setup.sasl2 { MODULES_SASL2 } else { "" };
    let archive = match setup.archive {
        Archive::Kept => r#""mam";"#,
        Archive::Absent => "",
        Archive::Hidden => r#""mam"; "hidden_archive";"#,
    };
    let folder = setup.folder.display();
    let (web, files) = setup.web.map(|port| web(port, &folder.to_string())).unwrap_or_default();
    let (starttls, direct) = (setup.starttls, setup.direct);
    let log = match setup.log {
        Log::All => "debug",
        Log::Little => "info",
    };
    format!(
        r#"run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
plugin_paths = {{ "{folder}/modules" }}
log = {{ {log} = "*console" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {starttls} }}
c2s_direct_tls_ports = {{ {direct} }}
ssl = {{ certificate = "{folder}/certificate.pem"; key = "{folder}/key.pem" }}
c2s_direct_tls_ssl = {{ certificate = "{folder}/certificate.pem"; key = "{folder}/key.pem" }}
c2s_require_encryption = true
authentication = "internal_hashed"
storage = "internal"
archive_expires_after = "never"
modules_enabled = {{ {MODULES} {archive} {extra} }}
modules_disabled = {{ "s2s", "s2s_auth_certs" }}
{web}VirtualHost "{DOMAIN}"
    ssl = {{ certificate = "{folder}/certificate.pem"; key = "{folder}/key.pem" }}
Component "{ROOMS}" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_log_by_default = true
    muc_log_expires_after = "never"
    restrict_room_creation = false
    muc_room_default_persistent = true
    muc_tombstones = false
{files}"#
    )
}

/// The web server, and the component that takes files over it.
fn web(port: u16, folder: &str) -> (String, String) {
    let web = format!(
        r#"http_ports = {{ }}
https_ports = {{ {port} }}
https_interfaces = {{ "127.0.0.1" }}
https_ssl = {{ certificate = "{folder}/web.pem"; key = "{folder}/web-key.pem" }}
http_default_host = "upload.{DOMAIN}"
"#
    );
    let files = format!(
        r#"Component "upload.{DOMAIN}" "http_file_share"
    http_external_url = "https://127.0.0.1:{port}/"
    http_file_share_size_limit = {MAX_FILE}
"#
    );
    (web, files)
}

/// A Lua string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
