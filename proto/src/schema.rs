//! The JSON schemas of everything on the wire, as one OpenRPC document. Serving it is the daemon's.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::reply::XmlFrame;
use crate::{Event, Failure, Kind, request};

/// The OpenRPC 1.3 document of this protocol; `version` is the daemon's own.
pub fn openrpc(version: &str) -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let methods: Vec<Value> = request::schemas(&mut generator)
        .into_iter()
        .map(|(method, params, result)| {
            json!({
                "name": method.name,
                "summary": method.summary,
                "paramStructure": "by-name",
                "params": descriptors(&params),
                "result": {"name": "result", "schema": result},
                "errors": [{"$ref": "#/components/errors/Failure"}],
            })
        })
        .collect();
    let event = generator.subschema_for::<Event>();
    let frame = generator.subschema_for::<XmlFrame>();
    let failure = generator.subschema_for::<Failure>();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "xmppd",
            "version": version,
            "description": "JSON-RPC 2.0 over a Unix socket, one object a line.",
            "x-protocol": crate::PROTOCOL,
        },
        "methods": methods,
        "x-notifications": [
            {"name": crate::jsonrpc::EVENT, "summary": "One event of watch.start", "params": event},
            {"name": crate::jsonrpc::XML, "summary": "One element of xml.watch", "params": frame},
        ],
        "components": {
            "schemas": generator.take_definitions(true),
            "errors": {"Failure": {
                "code": Kind::Unexpected.rpc_code(),
                "message": "The exit table: the code is -32000 - EXIT, the object is under data",
                "data": failure,
            }},
        },
    })
}

/// A method's parameters as OpenRPC wants them: one content descriptor each.
fn descriptors(params: &Schema) -> Vec<Value> {
    let required = params.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let properties = params.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            json!({"name": name, "required": required.iter().any(|known| known == name), "schema": schema})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::METHODS;

    #[test]
    fn every_method_is_described_and_every_reference_leads_somewhere() {
        let document = openrpc("0.1.0");
        let names: Vec<&str> =
            document["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
        assert_eq!(names, METHODS.iter().map(|method| method.name).collect::<Vec<_>>());
        let mut references = BTreeSet::new();
        collect_references(&document, &mut references);
        assert!(references.len() > 20, "{references:?}");
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn parameters_say_whether_they_must_be_given() {
        let document = openrpc("0.1.0");
        let send = document["methods"].as_array().unwrap().iter().find(|method| method["name"] == "send").unwrap();
        let required: Vec<(&str, bool)> = send["params"]
            .as_array()
            .unwrap()
            .iter()
            .map(|param| (param["name"].as_str().unwrap(), param["required"].as_bool().unwrap()))
            .collect();
        for expected in [("to", true), ("body", true), ("subject", false), ("type", false), ("account", false)] {
            assert!(required.contains(&expected), "{expected:?} in {required:?}");
        }
    }

    fn collect_references(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    into.insert(reference.clone());
                }
                members.values().for_each(|member| collect_references(member, into));
            }
            Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
