//! Values held to the JSON schemas that the daemon describes itself with: as much of draft 7 as those use, and a complaint
//! about any word beyond.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Words of a schema that say nothing about a value's shape.
const REMARKS: [&str; 5] = ["title", "description", "default", "format", "$schema"];

/// The members that a schema names; `None` where it lets anything pass.
type Named = Option<BTreeSet<String>>;

/// Holds a value to a schema of `document`.
///
/// # Errors
/// Why it does not fit. A member that the schema does not name does not fit either: it would be undocumented.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let named = shape(document, schema, value)?;
    let unnamed = |members: &Map<String, Value>, named: &BTreeSet<String>| {
        members.keys().find(|name| !named.contains(*name)).cloned()
    };
    match (value, &named) {
        (Value::Object(members), Some(named)) => match unnamed(members, named) {
            Some(name) => Err(format!("no schema names the member {name:?} of {value}")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn shape(document: &Value, schema: &Value, value: &Value) -> Result<Named, String> {
    let rules = match schema {
        Value::Bool(true) => return Ok(None),
        Value::Object(rules) => rules,
        _ => return Err(format!("{schema} lets nothing pass")),
    };
    let mut named = BTreeSet::new();
    let mut anything = rules.keys().all(|word| REMARKS.contains(&word.as_str()));
    for (word, rule) in rules {
        match obey(document, word, rule, value)? {
            Some(more) => named.extend(more),
            None => anything = true,
        }
    }
    Ok((!anything).then_some(named))
}

fn obey(document: &Value, word: &str, rule: &Value, value: &Value) -> Result<Named, String> {
    let nothing = || Ok(Some(BTreeSet::new()));
    let unless = |fits: bool| match fits {
        true => nothing(),
        false => Err(format!("{value} breaks {word}: {rule}")),
    };
    let shapes = || list(rule).iter().map(|part| shape(document, part, value));
    match word {
        _ if REMARKS.contains(&word) => nothing(),
        "$ref" => {
            let pointer = rule.as_str().and_then(|rule| rule.strip_prefix('#'));
            let target = pointer.and_then(|pointer| document.pointer(pointer));
            shape(document, target.ok_or_else(|| format!("{rule} leads nowhere"))?, value)
        }
        "type" => unless(match rule {
            Value::Array(types) => types.iter().any(|name| is(value, name)),
            name => is(value, name),
        }),
        "const" => unless(rule == value),
        "enum" => unless(list(rule).contains(value)),
        "minimum" => unless(value.as_f64() >= rule.as_f64()),
        "maximum" => unless(value.as_f64() <= rule.as_f64()),
        "required" => unless(list(rule).iter().filter_map(Value::as_str).all(|name| value.get(name).is_some())),
        "properties" => {
            let properties = rule.as_object().into_iter().flatten();
            let mut named = BTreeSet::new();
            for (name, property) in properties {
                named.insert(name.clone());
                value.get(name).map_or(Ok(()), |member| check(document, property, member))?;
            }
            Ok(Some(named))
        }
        "items" => {
            list(value).iter().try_for_each(|item| check(document, rule, item))?;
            nothing()
        }
        "allOf" => shapes().try_fold(Some(BTreeSet::new()), |all, named| Ok(both(all, named?))),
        "anyOf" | "oneOf" => {
            let fitting: Vec<Named> = shapes().filter_map(Result::ok).collect();
            match (word, fitting.len()) {
                (_, 0) => Err(format!("{value} fits none of {rule}")),
                ("oneOf", 2..) => Err(format!("{value} fits more than one of {rule}")),
                (_, _) => Ok(fitting.into_iter().fold(Some(BTreeSet::new()), both)),
            }
        }
        _ => Err(format!("this check does not know the word {word:?}")),
    }
}

fn both(some: Named, more: Named) -> Named {
    some.zip(more).map(|(some, more)| some.into_iter().chain(more).collect())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_fits_and_what_does_not_is_told() {
        let document = json!({"of": {"word": {"oneOf": [{"const": "a"}, {"const": "b"}]},
            "base": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}, "required": ["n"]}}});
        let fits = |schema: Value, value: Value| check(&document, &schema, &value).is_ok();
        let whole = json!({"allOf": [{"$ref": "#/of/base"}], "properties": {"w": {"$ref": "#/of/word"}}});
        assert!(fits(whole.clone(), json!({"n": 1, "w": "a"})));
        assert!(fits(json!(true), json!({"x": 1})));
        assert!(fits(json!({"type": ["string", "null"]}), json!(null)));
        for bad in [json!({}), json!({"n": -1}), json!({"n": 1, "w": "c"}), json!({"n": 1, "x": 1})] {
            assert!(!fits(whole.clone(), bad.clone()), "{bad}");
        }
        assert!(!fits(json!({"type": "array", "items": {"type": "string"}}), json!(["a", 1])));
        assert!(!fits(json!({"pattern": "a"}), json!("a")), "an unknown word is no permission");
    }
}
