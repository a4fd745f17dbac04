//! Reads one TOML table key by key, noting each fault with its place instead of stopping at the first.
//! Which keys there are, and what their values mean, is [`super::check`]'s.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Fault;

/// The keys whose values must not appear in a message.
const SECRET: &[&str] = &["password"];

/// A table being read.
pub(super) struct Section<'t> {
    path: String,
    /// The byte where the table begins.
    start: usize,
    table: Option<&'t DeTable<'t>>,
    known: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<'t> Section<'t> {
    /// The whole document.
    pub(super) fn document(table: &'t DeTable<'t>) -> Self {
        Self { path: String::new(), start: 0, table: Some(table), known: Vec::new(), faults: Vec::new() }
    }

    fn child(&self, key: &str, start: usize, table: Option<&'t DeTable<'t>>) -> Self {
        Self { path: self.key(key), start, table, known: Vec::new(), faults: Vec::new() }
    }

    /// Whether the file has this table at all.
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the table has this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// A text value as it stands.
    pub(super) fn text(&mut self, key: &'static str) -> Option<&'t str> {
        self.read(key, "a text in quotes", DeValue::as_str)
    }

    /// A text that `parse` understands; `expected` says what it does.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(key)?;
        let value = parse(text);
        if value.is_none() {
            self.fault(key, format!("expected {expected}, found {}", shown(text)));
        }
        value
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, "true or false", DeValue::as_bool)
    }

    /// An integer that fits.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        self.read(key, expected, |value| {
            let number = value.as_integer()?;
            T::try_from(i64::from_str_radix(number.as_str(), number.radix()).ok()?).ok()
        })
    }

    /// A list of texts, none of them empty.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<&'t str>> {
        self.read(key, "a list of texts, none of them empty", |value| {
            let items = value.as_array()?.iter();
            items.map(|item| item.get_ref().as_str().filter(|text| !text.is_empty())).collect()
        })
    }

    /// A table below this one; an absent one reads as empty.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'t> {
        let table = self.read(key, &format!("a table, written [{key}]"), DeValue::as_table);
        let start = self.find(key).map_or(self.start, |(_, value)| value.span().start);
        self.child(key, start, table)
    }

    /// The tables of a list below this one, in the order of the text.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'t>> {
        let tables = self.read(key, &format!("tables, each written [[{key}]]"), |value| {
            let items = value.as_array()?.iter();
            items.map(|item| Some((item.span().start, item.get_ref().as_table()?))).collect::<Option<Vec<_>>>()
        });
        tables.into_iter().flatten().map(|(start, table)| self.child(key, start, Some(table))).collect()
    }

    /// Notes what is wrong with the value of a key, or with the table when it has no such key.
    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        let offset = self.find(key).map_or(self.start, |(_, value)| value.span().start);
        self.faults.push(Fault { offset, key: self.key(key), message: message.into() });
    }

    /// Takes over the faults of a table below.
    pub(super) fn absorb(&mut self, mut below: Section<'_>) {
        below.refuse_unknown();
        self.faults.append(&mut below.faults);
    }

    /// All faults; every key that nobody asked for is one.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        self.refuse_unknown();
        self.faults
    }

    fn refuse_unknown(&mut self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let nearest = self.known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
            let message = match nearest.filter(|known| strsim::damerau_levenshtein(known, name) <= 2) {
                Some(known) => format!("unknown key; did you mean {known}?"),
                None => format!("unknown key; known here: {}", self.known.join(", ")),
            };
            let key_shown = self.key(shown(name).trim_matches('"'));
            self.faults.push(Fault { offset: key.span().start, key: key_shown, message });
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        take: impl FnOnce(&'t DeValue<'t>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        let (_, value) = self.find(key)?;
        let taken = take(value.get_ref());
        if taken.is_none() {
            let found = if SECRET.contains(&key) { kind(value.get_ref()).into() } else { description(value.get_ref()) };
            self.fault(key, format!("expected {expected}, found {found}"));
        }
        taken
    }

    fn find(&self, key: &str) -> Option<(&'t Spanned<std::borrow::Cow<'t, str>>, &'t Spanned<DeValue<'t>>)> {
        self.table?.iter().find(|(name, _)| name.get_ref() == key)
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }
}

/// A value as it may stand in a message: quoted, cleaned, short.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn description(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => shown(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => kind(value).into(),
    }
}
