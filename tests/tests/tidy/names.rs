//! The laws about who may name whom. Each takes the sources and gives back what breaks it, a line each.

use std::collections::{BTreeMap, BTreeSet};

use super::imports;
use super::source::{Source, closing, words};

/// What the core's manifest may name: text, arithmetic and parsing, nothing that reaches out of the process.
pub const CORE_DEPENDENCIES: &[&str] = &[
    "base64",
    "hmac",
    "jid",
    "pbkdf2",
    "regex-lite",
    "rxml",
    "serde",
    "sha1",
    "sha2",
    "stringprep",
    "subtle",
    "thiserror",
    "unicode-segmentation",
    "unicode-width",
    "xmppd-proto",
    "zeroize",
];

/// What would let time, randomness, the system or another thread into the core unseen.
const IMPURE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::sync",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    // Their order comes from the system's randomness.
    "std::collections::HashMap",
    "std::collections::HashSet",
];

/// The daemon's modules from the entry down: each may name those on the lines below its own, and its own parts.
pub const LAYERS: &[&[&str]] = &[
    &["main"],
    &["run"],
    &["rpc", "dbus", "webhook"],
    &["api"],
    &["probe"],
    &["players", "notifications", "upload"],
    &["hub"],
    &["account"],
    &["transport", "doctor", "secret", "desktop", "idle", "store"],
    &["bus", "config"],
    &["lock", "log"],
    &["places", "program"],
    &["host", "notify", "signals", "successor"],
    &["testing"],
];

/// What a face may name of the daemon beside `api`: the connection that D-Bus needs in two places.
const FACE_HELPERS: &[&str] = &["api", "bus"];

/// Law 1, the manifest's half.
pub fn core_dependencies(manifest: &str) -> Vec<String> {
    let table = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let table = table.split("\n[").next().unwrap_or_default();
    let names = table.lines().filter_map(|line| line.split(['.', '=', ' ']).next()).map(str::trim);
    let names = names.filter(|name| !name.is_empty() && !name.starts_with('#'));
    names.filter(|name| !CORE_DEPENDENCIES.contains(name)).map(str::to_owned).collect()
}

/// Law 1, the code's half.
pub fn pure_core(sources: &[Source]) -> Vec<String> {
    let core = sources.iter().filter(|source| source.path.starts_with("daemon/core/src/"));
    let named = core.flat_map(|source| imports::of(source).into_iter().map(move |(path, line)| (source, path, line)));
    let impure = named.filter(|(_, path, _)| {
        IMPURE.iter().any(|forbidden| path == forbidden || path.starts_with(&format!("{forbidden}::")))
    });
    unique(impure.map(|(source, path, line)| format!("{}:{line}: {path}", source.path)))
}

/// Law 2: `Serialize` is derived in proto. Configuration is read, not written; the tests may read what they like.
pub fn serialize_in_proto(sources: &[Source]) -> Vec<String> {
    let others = sources.iter().filter(|source| !source.path.starts_with("proto/"));
    unique(others.flat_map(|source| {
        let config = source.path.starts_with("daemon/src/config");
        let forbidden: &[&str] = if config { &["Serialize"] } else { &["Serialize", "Deserialize"] };
        let derives = words(&source.product, "derive").into_iter().map(|at| at + "derive".len());
        let lists = derives.map(|open| (open, &source.product[open..closing(&source.product, open)]));
        let broken = lists.flat_map(|(open, list)| {
            let found = forbidden.iter().filter(move |word| !words(list, word).is_empty());
            found.map(move |word| format!("{}:{}: {word}", source.path, source.line(open)))
        });
        broken.collect::<Vec<_>>()
    }))
}

/// Law 3: a face knows the protocol and `api`.
pub fn faces(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let Some(module) = imports::module(&source.path, "daemon/src/") else { continue };
        if !["rpc", "dbus", "webhook"].contains(&module.as_str()) {
            continue;
        }
        for (named, line) in imports::modules(source, "daemon/src/") {
            if named != module && !FACE_HELPERS.contains(&named.as_str()) {
                found.push(format!("{}:{line}: crate::{named}", source.path));
            }
        }
        found.extend(source.places(&source.product, "xmppd_core"));
    }
    unique(found)
}

/// The daemon's folders: each names only what is below it.
pub fn layers(sources: &[Source]) -> Vec<String> {
    let layer = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
    let mut found = Vec::new();
    for source in sources {
        let Some(module) = imports::module(&source.path, "daemon/src/") else { continue };
        let Some(own) = layer(&module) else {
            found.push(format!("{}: the module `{module}` has no place in the table of layers", source.path));
            continue;
        };
        for (named, line) in imports::modules(source, "daemon/src/") {
            if named != module && layer(&named).is_none_or(|theirs| theirs <= own) {
                found.push(format!("{}:{line}: `{module}` names `{named}`", source.path));
            }
        }
    }
    unique(found)
}

/// No cycle among the modules directly below `folder`; the cycle's members in alphabetical order.
pub fn cycles(sources: &[Source], folder: &str) -> Vec<String> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let Some(module) = imports::module(&source.path, folder) else { continue };
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let named = imports::modules(source, folder).into_iter().map(|(named, _)| named);
        names.entry(module.clone()).or_default().extend(named.filter(|named| *named != module));
    }
    // What names nothing that is left, or is named by nothing, is in no cycle; take such away until all are.
    loop {
        let before = names.len();
        let left: BTreeSet<String> = names.keys().cloned().collect();
        names.values_mut().for_each(|named| named.retain(|name| left.contains(name)));
        let named: BTreeSet<String> = names.values().flatten().cloned().collect();
        names.retain(|module, names| !names.is_empty() && named.contains(module));
        if names.len() == before {
            break;
        }
    }
    let show = |(module, named): (String, BTreeSet<String>)| {
        format!("{folder}{module} names {}", named.into_iter().collect::<Vec<_>>().join(", "))
    };
    names.into_iter().map(show).collect()
}

fn unique(found: impl IntoIterator<Item = String>) -> Vec<String> {
    found.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}
